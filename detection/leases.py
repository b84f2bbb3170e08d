"""Who works on a detection, and until when.

A claim is one conditional UPDATE that counts the attempt and is committed before a byte is decoded, so that a crash
counts. The lease is short and kept alive by a heartbeat, rather than as long as the longest task: a dead worker is
noticed after a minute, not after ten. Whoever lost the lease can write nothing.
"""

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Thread

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from detection import audit, queue
from detection.models import Detection
from detection.webhooks import announce

logger = logging.getLogger(__name__)
BEATS_PER_LEASE = 4


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write the outcome of one detection."""

    detection_id: uuid.UUID
    token: uuid.UUID


def claim(detection_id: uuid.UUID) -> Lease | None:
    """Take a queued detection; None where somebody else was faster or it is not queued."""
    lease = Lease(detection_id, uuid.uuid4())
    now = timezone.now()
    free = Detection.objects.filter(pk=detection_id, state=Detection.State.QUEUED, attempts__lt=Detection.MAX_ATTEMPTS)
    taken = free.update(
        state=Detection.State.RUNNING,
        stage=Detection.Stage.DECODING,
        attempts=F("attempts") + 1,
        lease_token=lease.token,
        lease_until=now + _length(),
        started_at=now,
    )
    return lease if taken else None


def held(lease: Lease) -> QuerySet[Detection]:
    """The row while the lease is good, else nothing: every write of a worker goes through this."""
    return Detection.objects.filter(pk=lease.detection_id, state=Detection.State.RUNNING, lease_token=lease.token)


def extend(lease: Lease) -> bool:
    """One heartbeat; False where the lease was lost."""
    return held(lease).update(lease_until=timezone.now() + _length()) == 1


def give_back(lease: Lease, code: str) -> bool:
    """This attempt failed: wait for the next one, or fail with `code` where it was the last."""
    return _retry_or_fail(held(lease), code)


def recover_expired() -> int:
    """Give back the leases of workers that were never heard of again. A heartbeat in the last moment wins."""
    now = timezone.now()
    expired = Detection.objects.filter(state=Detection.State.RUNNING, lease_until__lt=now)
    tokens = list(expired.values_list("lease_token", flat=True))
    return sum(_retry_or_fail(expired.filter(lease_token=token), "poison") for token in tokens)


@transaction.atomic
def _retry_or_fail(row: QuerySet[Detection], code: str) -> bool:
    detection = row.select_for_update().first()
    if detection is None:
        return False
    detection.lease_token = detection.lease_until = None
    if detection.attempts < Detection.MAX_ATTEMPTS:
        detection.state, detection.stage = Detection.State.QUEUED, Detection.Stage.WAITING
        detection.save()
        queue.wake(detection.pk)
        return True
    detection.state, detection.stage = Detection.State.FAILED, Detection.Stage.FINISHED
    detection.error_code, detection.finished_at = code, timezone.now()
    detection.save()
    audit.record(None, "failed", detection, code=code)
    announce.detection_finished(detection)
    return True


def _length() -> timedelta:
    return timedelta(seconds=settings.DEEPFAKE_LEASE_SECONDS)


class Heartbeat:
    """Keeps a lease alive beside the work; `lost` is set once that is no longer possible."""

    def __init__(self, lease: Lease) -> None:
        self.lost = Event()
        self._lease = lease
        self._over = Event()
        self._thread = Thread(target=self._beat, name=f"heartbeat-{lease.detection_id}", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        """A database that is away for a moment is no reason to give up: the lease may outlast it."""
        while not self._over.wait(settings.DEEPFAKE_LEASE_SECONDS / BEATS_PER_LEASE):
            try:
                if not extend(self._lease):
                    self.lost.set()
                    return
            except DatabaseError:
                logger.warning("no heartbeat for %s: the database did not answer", self._lease.detection_id)
            finally:
                connection.close()
