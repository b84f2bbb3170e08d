"""The numbers of the learning page, of GET /api/rl/stats and of the administration: one place for all three."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Avg, Count, Q

from learning.feedback.models import Feedback, LabelDecision
from learning.registry.models import ModelVersion
from learning.retraining.models import RunItem, Share, SnapshotItem, StepRecord, TrainingRun
from learning.retraining.selectors import LEARNED, Answers, answers, fit, held_out

State = TrainingRun.State
RUNS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Totals:
    """Over everything so far. `improvements` and `to_wrong` count held-out items of runs that gave a candidate."""

    feedback: int
    accepted: int
    labels: int
    trainings: int
    candidates: int
    promoted: int
    improvements: int
    to_wrong: int
    average_loss: float | None
    average_reward: float | None
    hours_to_learn: float | None


@dataclass(frozen=True, slots=True)
class RunFigures:
    """One run in the curves. Losses are on held-out items; `loss` and `reward` are means over its steps."""

    run: int
    version: str
    state: str
    at: str
    loss: float | None
    reward: float | None
    held_out_loss_before: float | None
    held_out_loss_after: float | None
    held_out: Answers
    fit: Answers
    seconds: float | None


def totals() -> Totals:
    """Every figure is computed from rows; nothing is counted along."""
    learned = TrainingRun.objects.filter(state__in=LEARNED)
    said = Feedback.objects.exclude(state=Feedback.State.WITHDRAWN)
    steps = StepRecord.objects.filter(run__in=learned).aggregate(loss=Avg("loss"), reward=Avg("reward"))
    kept = RunItem.objects.filter(run__state=State.CANDIDATE)
    new = answers(kept, Share.HELD_OUT)
    return Totals(
        **said.aggregate(feedback=Count("pk"), accepted=Count("pk", filter=Q(state=Feedback.State.ACCEPTED))),
        labels=LabelDecision.objects.filter(state=LabelDecision.State.STANDING).count(),
        trainings=learned.count(),
        candidates=TrainingRun.objects.filter(state=State.CANDIDATE).count(),
        promoted=_promoted(),
        improvements=new.to_right,
        to_wrong=new.to_wrong,
        average_loss=steps["loss"],
        average_reward=steps["reward"],
        hours_to_learn=_hours_to_learn(),
    )


def _promoted() -> int:
    return ModelVersion.objects.filter(training_run__isnull=False, promoted_at__isnull=False).count()


def _hours_to_learn() -> float | None:
    """Median, over contents, from the label that stands to the end of the first run that gave a candidate with it."""
    rows = SnapshotItem.objects.filter(
        snapshot__runs__state=State.CANDIDATE, labelled_at__isnull=False, snapshot__runs__finished_at__isnull=False
    ).order_by("snapshot__runs__finished_at")
    first: dict[str, float] = {}
    for sha256, labelled, finished in rows.values_list("sha256", "labelled_at", "snapshot__runs__finished_at"):
        if labelled and finished:
            first.setdefault(sha256, (finished - labelled).total_seconds() / 3600)
    return round(statistics.median(first.values()), 2) if first else None


def learned_runs() -> list[TrainingRun]:
    """The last runs that learned something or tried to, the oldest first."""
    newest = TrainingRun.objects.filter(state__in=LEARNED).select_related("candidate")
    return list(newest.order_by("-finished_at", "-pk")[:RUNS_SHOWN])[::-1]


def figures(runs: Sequence[TrainingRun]) -> list[RunFigures]:
    """One row a run."""
    means: dict[int, dict[str, Any]] = {
        row["run"]: {"loss": row["loss"], "reward": row["reward"]}
        for row in StepRecord.objects.filter(run__in=runs)
        .order_by()
        .values("run")
        .annotate(loss=Avg("loss"), reward=Avg("reward"))
    }
    return [_figures(run, means.get(run.pk, {})) for run in runs]


def _figures(run: TrainingRun, means: dict[str, Any]) -> RunFigures:
    outcome = (run.result or {}).get("outcome", {})
    return RunFigures(
        run=run.pk,
        version=run.candidate.name if run.candidate else "",
        state=run.state,
        at=run.finished_at.isoformat() if run.finished_at else "",
        loss=means.get("loss"),
        reward=means.get("reward"),
        held_out_loss_before=outcome.get("start", {}).get("loss"),
        held_out_loss_after=outcome.get("best", {}).get("loss"),
        held_out=held_out(run),
        fit=fit(run),
        seconds=(run.result or {}).get("seconds"),
    )


def as_dict() -> dict[str, Any]:
    """For the API and the export."""
    return {**asdict(totals()), "runs": [asdict(row) for row in figures(learned_runs())]}
