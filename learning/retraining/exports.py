"""Nothing is locked in: the whole training history as JSON, without anybody's name."""

from collections.abc import Iterator
from typing import Any

from django.forms.models import model_to_dict

from learning.retraining.models import LookRecord, RunItem, SnapshotItem, StepRecord, TrainingRun
from learning.retraining.selectors import fit, held_out
from learning.retraining.stats import as_dict

SCHEMA = 1
RUN_FIELDS = (
    "id", "state", "trigger", "kind", "seed", "threads", "code_version", "settings", "step", "steps", "attempts",
    "code", "detail", "result",
)  # fmt: skip


def training_history(steps: bool = True) -> dict[str, Any]:
    """Every run with its snapshot, looks, items and (unless left out) steps; and the statistics over all of them."""
    runs = TrainingRun.objects.select_related("parent", "candidate", "snapshot").order_by("pk")
    return {"schema_version": SCHEMA, "statistics": as_dict(), "runs": [_run(run, steps) for run in runs]}


def _run(run: TrainingRun, steps: bool) -> dict[str, Any]:
    values = model_to_dict(run, fields=RUN_FIELDS)
    times = {name: _iso(getattr(run, name)) for name in ("created_at", "started_at", "finished_at")}
    held, fitted = held_out(run), fit(run)
    return {
        **{name: getattr(run, name) for name in RUN_FIELDS if name not in values},
        **values,
        **times,
        "parent": run.parent.name if run.parent else None,
        "candidate": run.candidate.name if run.candidate else None,
        "snapshot": _snapshot(run),
        "held_out": {name: getattr(held, name) for name in held.__slots__},
        "fit": {name: getattr(fitted, name) for name in fitted.__slots__},
        "items": list(_items(run)),
        "looks": list(LookRecord.objects.filter(run=run).values("step", "objective", "loss", "accuracy", "kl", "kept")),
        "step_records": list(_steps(run)) if steps else [],
    }


def _snapshot(run: TrainingRun) -> dict[str, Any] | None:
    snapshot = run.snapshot
    if snapshot is None:
        return None
    rows = SnapshotItem.objects.filter(snapshot=snapshot).values("sha256", "fake", "weight", "share", "source")
    return {
        "digest": snapshot.digest,
        "split_by": snapshot.split_by,
        "left_out": snapshot.left_out,
        "items": list(rows),
    }


def _items(run: TrainingRun) -> Iterator[dict[str, Any]]:
    for row in RunItem.objects.filter(run=run).select_related("item"):
        yield {"sha256": row.item.sha256, "before": row.before, "after": row.after, "error": row.error}


def _steps(run: TrainingRun) -> Iterator[dict[str, Any]]:
    fields = ("number", "loss", "kl", "grad_norm", "reward", "before", "after", "improved", "items")
    yield from StepRecord.objects.filter(run=run).values(*fields)


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment else None
