"""After the steps: the candidate gets its row, both versions answer the frozen sets, the gate speaks, the run ends."""

from collections.abc import Callable

from learning.registry.errors import RegistryError
from learning.registry.judging import judge_version
from learning.registry.models import Evaluation, ModelVersion
from learning.registry.services import register
from learning.retraining import notices, services
from learning.retraining.leases import Lease, held
from learning.retraining.models import SnapshotItem, TrainingRun
from ml_core.errors import WeightsError

State = TrainingRun.State
UNJUDGED = ("no_frozen_sets", "evaluation_failed", "cannot_compare")


def judge(lease: Lease, on_start: Callable[[Callable[[], None]], None]) -> bool:
    """From the version folder to the end of the run; False where the lease was lost. May be repeated after a kill.

    `on_start` is given what ends the process that scores, as soon as there is one.
    """
    run = held(lease).select_related("parent", "candidate", "snapshot").first()
    if run is None or run.result is None:
        return False
    try:
        version = register(run.result["version"], ModelVersion.Origin.FEEDBACK, run.parent, str(run.pk))
    except (WeightsError, RegistryError) as error:
        return _end(lease, State.FAILED, error.code, error.detail)
    if not services.became(lease, version):
        return False
    try:
        report = judge_version(
            version,
            trained=learned_from(run),
            started=on_start,
            tell=lambda text: _tell(lease, text),
        )
    except RegistryError as error:
        if not held(lease).exists():
            return False
        code = error.code if error.code in UNJUDGED else "evaluation_failed"
        return _end(lease, State.CANDIDATE, code, error.detail)
    return _end(lease, State.CANDIDATE if report.passed else State.REFUSED, "", _reasons(report))


def _tell(lease: Lease, text: str) -> None:
    services.show(lease, text)


def _end(lease: Lease, state: str, code: str, detail: str) -> bool:
    if not services.finish(lease, state, code, detail):
        return False
    notices.enqueue(lease.run_id)
    return True


def _reasons(report: Evaluation) -> str:
    return " ".join(str(reason["text"]) for reason in report.report.get("reasons", []))


def learned_from(run: TrainingRun) -> set[str]:
    """Hashes of everything that the run's candidate, or a version before it, was trained on or chosen by."""
    names, version = [str(run.pk)], run.parent
    while version is not None:
        names.append(version.run_id)
        version = version.parent
    runs = [int(name) for name in names if name.isdecimal()]
    return set(SnapshotItem.objects.filter(snapshot__runs__in=runs).values_list("sha256", flat=True))
