"""How much one person may use: bytes stored, uploads per hour, detections that wait or run.

Checked inside the transaction that takes the upload, after `lock`: requests at the same moment cannot pass together.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet, Sum
from django.utils import timezone

from detection.api.models import UserQuota
from detection.models import AuditEvent, Detection, MediaFile
from ml_core.errors import MediaError

HOUR = timedelta(hours=1)
SECONDS_PER_JOB = 10
UNFINISHED = (Detection.State.QUEUED, Detection.State.RUNNING)


@dataclass(frozen=True, slots=True)
class Allowance:
    """One limit, and how much of it is used."""

    name: str
    limit: int
    used: int

    @property
    def remaining(self) -> int:
        return max(self.limit - self.used, 0)


class QuotaExceeded(MediaError):
    """`quota_exceeded`, with the allowance that is used up and the seconds after which asking again may help."""

    def __init__(self, allowance: Allowance, retry_after: int) -> None:
        super().__init__("quota_exceeded", allowance.name)
        self.allowance = allowance
        self.retry_after = retry_after


def lock(user: User) -> None:
    """One at a time for this person, until the transaction ends."""
    User.objects.select_for_update(no_key=True).filter(pk=user.pk).exists()


def check_upload(user: User, size: int) -> None:
    """Room for one more file of this size, and for its detection."""
    bytes_stored = allowance(user, "bytes_stored")
    if bytes_stored.used + size > bytes_stored.limit:
        raise QuotaExceeded(bytes_stored, int(HOUR.total_seconds()))
    uploads = allowance(user, "uploads_per_hour")
    if not uploads.remaining:
        raise QuotaExceeded(uploads, until_one_is_an_hour_old(user))
    check_job(user)


def check_job(user: User) -> None:
    """Room for one more detection that waits."""
    jobs = allowance(user, "queued_jobs")
    if not jobs.remaining:
        raise QuotaExceeded(jobs, SECONDS_PER_JOB)


def allowance(user: User, name: str) -> Allowance:
    """One limit of this person."""
    own = UserQuota.objects.filter(user=user).values_list(name, flat=True).first()
    return Allowance(name, settings.DEEPFAKE_QUOTAS[name] if own is None else own, USED[name](user))


def allowances(user: User) -> list[Allowance]:
    """All of them."""
    return [allowance(user, name) for name in USED]


def stored_bytes(user: User) -> int:
    """Of the files that are still there."""
    kept = MediaFile.objects.filter(owner=user, purged_at=None)
    return int(kept.aggregate(total=Sum("size", default=0))["total"])


def last_uploads(user: User) -> QuerySet[AuditEvent]:
    """By the trail and not by the files: what was uploaded and deleted again counts."""
    return AuditEvent.objects.filter(actor=user, verb="submitted", at__gt=timezone.now() - HOUR)


def until_one_is_an_hour_old(user: User) -> int:
    """Seconds until the oldest upload of the last hour counts no more."""
    oldest = last_uploads(user).order_by("at").values_list("at", flat=True).first()
    left = (oldest + HOUR - timezone.now()).total_seconds() if oldest else 0
    return max(math.ceil(left), 1)


def jobs(user: User) -> int:
    """Detections that are not over."""
    return Detection.objects.filter(owner=user, state__in=UNFINISHED).count()


USED: dict[str, Callable[[User], int]] = {
    "bytes_stored": stored_bytes,
    "uploads_per_hour": lambda user: last_uploads(user).count(),
    "queued_jobs": jobs,
}
