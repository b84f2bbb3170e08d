"""What can happen to a run: one function = one transaction = one audit event. Files and models stay outside."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from detection import audit
from learning.registry.errors import RegistryError
from learning.registry.models import ModelVersion
from learning.registry.selectors import champion
from learning.retraining import leases
from learning.retraining.errors import AlreadyRunning, RetrainingError
from learning.retraining.leases import Lease, held
from learning.retraining.models import Snapshot, TrainingRun

State = TrainingRun.State
SMALL = str(TrainingRun.Kind.SMALL)


def start_run(actor: User | None, trigger: str, kind: str = SMALL, seed: int = 1) -> TrainingRun:
    """A queued run from the champion, with its task. Raises AlreadyRunning, or RetrainingError `no_champion`."""
    try:
        parent = champion()
    except RegistryError as error:
        raise RetrainingError("no_champion") from error
    values = {"kind": kind, "seed": seed, "threads": settings.DEEPFAKE_RETRAIN_THREADS}
    try:
        with transaction.atomic():
            run = TrainingRun.objects.create(trigger=trigger, started_by=actor, parent=parent, **values)
            audit.record(actor, "training_started", run, trigger=trigger, kind=kind, parent=parent.name)
            leases.wake(run.pk)
    except IntegrityError as error:  # `slot`: somebody else's run is not over
        raise AlreadyRunning from error
    run.refresh_from_db()
    return run


@transaction.atomic
def cancel(run: TrainingRun, actor: User | None) -> bool:
    """Stop a run that is not over: a worker that is busy with it loses its lease and ends its process."""
    unfinished = TrainingRun.objects.filter(pk=run.pk, state__in=TrainingRun.UNFINISHED)
    if not unfinished.update(state=State.CANCELLED, **_over()):
        return False
    audit.record(actor, "training_cancelled", run)
    return True


def show(lease: Lease, stage: str, **values: Any) -> bool:
    """What the run is doing now, for people; False where the lease was lost."""
    return held(lease).update(stage=stage[:80], **values) == 1


def begin(lease: Lease, snapshot: Snapshot, **values: Any) -> bool:
    """The run sees this snapshot and no other, also when it goes on after a kill."""
    return held(lease).update(snapshot=snapshot, **values) == 1


@transaction.atomic
def trained(lease: Lease, result: dict[str, Any]) -> bool:
    """The steps are over and a version folder is there: now it is judged."""
    row = held(lease).filter(state=State.RUNNING)
    if not row.update(state=State.EVALUATING, result=result, stage="registering the candidate"):
        return False
    audit.record(None, "training_done", _row(lease), version=result.get("version", ""))
    return True


@transaction.atomic
def finish(lease: Lease, state: str, code: str = "", detail: str = "", **values: Any) -> bool:
    """The end: candidate, refused, unchanged or failed. False, and nothing written, where the lease was lost."""
    if not held(lease).update(state=state, code=code, detail=detail[:500], **_over(), **values):
        return False
    audit.record(None, f"training_{state}", _row(lease), code=code)
    return True


@transaction.atomic
def became(lease: Lease, candidate: ModelVersion) -> bool:
    """The run's candidate has its row in the registry."""
    return held(lease).update(candidate=candidate) == 1


def _row(lease: Lease) -> TrainingRun:
    return TrainingRun(pk=lease.run_id)


def _over() -> dict[str, Any]:
    now = timezone.now()
    return {"slot": None, "stage": "", "finished_at": now, "lease_token": None, "lease_until": None}
