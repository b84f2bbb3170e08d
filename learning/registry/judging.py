"""The gate applied: both versions answer the same panels, the report is stored, and what follows from it is done."""

from collections.abc import Callable, Collection, Sequence

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django_q.tasks import async_task

from detection import audit, queue
from learning.registry import evaluation, gate, scores, services
from learning.registry.errors import RegistryError
from learning.registry.models import Evaluation, ModelVersion
from learning.registry.panels import Panel, panels
from learning.registry.report import GateReport
from learning.registry.scores import Scores, ScoresError
from learning.registry.selectors import champion

State = ModelVersion.State


def nothing(text: str) -> None:
    """For callers who do not show progress."""


def judge_version(
    version: ModelVersion,
    *,
    trained: Collection[str] = (),
    started: evaluation.Started = evaluation.nobody,
    tell: Callable[[str], None] = nothing,
) -> Evaluation:
    """Scores both on everything, judges, stores; a candidate that fails is refused. May be repeated after a kill.

    `trained` are the hashes of what the version or its ancestors learned from. With DEEPFAKE_AUTO_PROMOTE a candidate
    that passes becomes the champion; otherwise nothing changes until somebody promotes it.
    """
    against = champion()
    asked = panels(trained)
    if not any(panel.role == scores.HOLDOUT for panel in asked):
        raise RegistryError("no_frozen_sets")
    before, after = (_answers(one, asked, started, tell) for one in (against, version))
    tell("comparing with the champion")
    try:
        report = gate.judge(before, after)
    except ScoresError as error:
        raise RegistryError("cannot_compare", str(error)) from error
    row = record(version, against, report, {panel.name: panel.digest for panel in asked})
    if row.passed and settings.DEEPFAKE_AUTO_PROMOTE and version.state in (State.CANDIDATE, State.SHADOW):
        services.promote(version, None, seen=against.name)
    return row


def _answers(
    version: ModelVersion, asked: Sequence[Panel], started: evaluation.Started, tell: Callable[[str], None]
) -> Scores:
    parts = []
    for number, panel in enumerate(asked, start=1):
        tell(f"{version.name} answers {panel.name} ({number} of {len(asked)})")
        parts.append(scores.read(evaluation.score(version.name, panel, started), panel.name, panel.role))
    return scores.together(parts)


@transaction.atomic
def record(version: ModelVersion, against: ModelVersion, report: GateReport, sets: dict[str, str]) -> Evaluation:
    """The row with its event; a candidate or shadow that failed is refused in the same transaction."""
    row = Evaluation.objects.create(
        version=version, champion=against, passed=report.passed, report=report.as_dict(), sets=sets
    )
    audit.record(None, "version_judged", version, name=version.name, champion=against.name, passed=report.passed)
    version.refresh_from_db()
    if not report.passed and version.state in (State.CANDIDATE, State.SHADOW):
        services.refuse(version, list(report.reasons))
        version.refresh_from_db()
    if not version.run_id:  # a training tells of its own end
        async_task("learning.registry.tasks.announce", row.pk, cluster=queue.queue_name("light"))
    return row


@transaction.atomic
def ask_for_judgement(version: ModelVersion, actor: User | None) -> None:
    """Puts the evaluation into the training cluster's queue."""
    if version.state in (State.CHAMPION, State.REFUSED):
        raise RegistryError("wrong_state", f"{version.name} is {version.state}")
    audit.record(actor, "version_evaluation_asked", version, name=version.name)
    async_task("learning.registry.tasks.judge", version.pk, cluster=queue.queue_name("training"))
