"""Who works on a run, and until when. As with detections: a claim counts, a heartbeat keeps, a loss ends writing."""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Thread

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from detection import audit, queue
from learning.retraining.models import TrainingRun

logger = logging.getLogger(__name__)
State = TrainingRun.State
CLUSTER = "training"
BEATS_PER_LEASE = 4
AT_WORK = (State.RUNNING, State.EVALUATING)
NO_LEASE = {"lease_token": None, "lease_until": None}


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write what becomes of one run."""

    run_id: int
    token: uuid.UUID


def claim(run_id: int) -> Lease | None:
    """Take a queued run; None where somebody else was faster, or it is not queued."""
    lease = Lease(run_id, uuid.uuid4())
    now = timezone.now()
    free = TrainingRun.objects.filter(pk=run_id, state=State.QUEUED, attempts__lt=TrainingRun.MAX_ATTEMPTS)
    taken = free.update(
        state=State.RUNNING,
        attempts=F("attempts") + 1,
        lease_token=lease.token,
        lease_until=now + _length(),
        started_at=now,
    )
    return lease if taken else None


def held(lease: Lease) -> QuerySet[TrainingRun]:
    """The row while the lease is good, else nothing: every write of a worker goes through this."""
    return TrainingRun.objects.filter(pk=lease.run_id, state__in=AT_WORK, lease_token=lease.token)


def extend(lease: Lease) -> bool:
    """One heartbeat; False where the lease was lost."""
    return held(lease).update(lease_until=timezone.now() + _length()) == 1


@transaction.atomic
def wake(run_id: int) -> None:
    """Enqueue a task for a queued run; nothing happens where it is not queued any more."""
    if not TrainingRun.objects.select_for_update().filter(pk=run_id, state=State.QUEUED).exists():
        return
    task_id = async_task("learning.retraining.tasks.run_training", run_id, cluster=queue.queue_name(CLUSTER))
    TrainingRun.objects.filter(pk=run_id).update(task_id=task_id)


def recover() -> int:
    """Runs of workers that were never heard of again, and queued ones whose task is gone, are enqueued again."""
    now = timezone.now()
    expired = TrainingRun.objects.filter(state__in=AT_WORK, lease_until__lt=now)
    tokens = list(expired.values_list("lease_token", flat=True))
    recovered = sum(_requeue_or_fail(expired.filter(lease_token=token)) for token in tokens)
    return recovered + _wake_forgotten()


def _wake_forgotten() -> int:
    """There is at most one. Its task may wait, or have been fetched a moment ago."""
    run = TrainingRun.objects.filter(state=State.QUEUED).first()
    if run is None or _is_alive(run.task_id):
        return 0
    wake(run.pk)
    return 1


def _is_alive(task_id: str) -> bool:
    """A fetched task is locked into the future; one that was fetched longer ago than a lease lasts was lost."""
    limits = queue.cluster_settings(CLUSTER)
    fetched_lately = timezone.now() + timedelta(seconds=limits["retry"]) - _length()
    rows = OrmQ.objects.filter(key=queue.queue_name(CLUSTER))
    return any(row.task_id() == task_id for row in rows if row.lock <= timezone.now() or row.lock > fetched_lately)


def give_back(lease: Lease, code: str, detail: str) -> bool:
    """This attempt failed through no fault of the data: wait for the next one, or fail where it was the last."""
    return _requeue_or_fail(held(lease), code, detail)


@transaction.atomic
def _requeue_or_fail(row: QuerySet[TrainingRun], code: str = "gave_up", detail: str = "") -> bool:
    run = row.select_for_update().first()
    if run is None:
        return False
    if run.attempts < TrainingRun.MAX_ATTEMPTS:
        TrainingRun.objects.filter(pk=run.pk).update(state=State.QUEUED, **NO_LEASE)
        wake(run.pk)
        return True
    over = {"slot": None, "code": code, "detail": detail[:500], "finished_at": timezone.now(), **NO_LEASE}
    TrainingRun.objects.filter(pk=run.pk).update(state=State.FAILED, **over)
    audit.record(None, "training_failed", run, code=code)
    return True


def _length() -> timedelta:
    return timedelta(seconds=settings.DEEPFAKE_LEASE_SECONDS)


class Heartbeat:
    """Keeps a lease alive beside the work; `on_lost` is called once where that is no longer possible."""

    def __init__(self, lease: Lease, on_lost: Callable[[], None]) -> None:
        self._lease, self._on_lost = lease, on_lost
        self._over = Event()
        self._thread = Thread(target=self._beat, name=f"heartbeat-run-{lease.run_id}", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        """A database that is away for a moment is no reason to give up: the lease may outlast it."""
        while not self._over.wait(min(2.0, settings.DEEPFAKE_LEASE_SECONDS / BEATS_PER_LEASE)):
            try:
                if not extend(self._lease):
                    self._on_lost()
                    return
            except DatabaseError:
                logger.warning("no heartbeat for run %s: the database did not answer", self._lease.run_id)
            finally:
                connection.close()
