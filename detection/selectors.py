"""The only way in which a view fetches: what somebody may see, and nothing else."""

import statistics
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db.models import Q, QuerySet
from django.http import Http404

from detection.models import AuditEvent, Detection, MediaFile

RECENT_RUNS = 25  # the typical time is the median of as many


def detections_visible_to(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Detection]:
    """One's own, and nobody else's."""
    if not user.is_authenticated:
        return Detection.objects.none()
    return Detection.objects.filter(owner_id=user.pk).select_related("media")


def visible_detection(user: AbstractBaseUser | AnonymousUser, detection_id: UUID) -> Detection:
    """One of them; for a stranger it does not exist."""
    detection = detections_visible_to(user).filter(pk=detection_id).first()
    if detection is None:
        raise Http404("no such detection")
    return detection


def viewable_detection(user: AbstractBaseUser | AnonymousUser, detection_id: UUID) -> Detection:
    """One's own, or a flagged one for those who moderate: they see the media of cases and of nothing else."""
    seen = Q(owner_id=user.pk)
    if isinstance(user, User) and user.has_perm("moderation.decide_case"):
        seen |= Q(cases__isnull=False)
    detection = Detection.objects.filter(seen, pk=detection_id).select_related("media").first()
    if detection is None:
        raise Http404("no such detection")
    return detection


def latest_detections(user: AbstractBaseUser | AnonymousUser, count: int = 5) -> list[Detection]:
    """The newest ones, without their evidence, which is large."""
    return list(detections_visible_to(user).defer("result")[:count])


def queue_position(detection: Detection) -> int | None:
    """Its place among those that wait: 1 is the next one; None when it does not wait."""
    if detection.state != Detection.State.QUEUED:
        return None
    earlier = Q(created_at__lt=detection.created_at) | Q(created_at=detection.created_at, id__lt=detection.id)
    return Detection.objects.filter(earlier, state=Detection.State.QUEUED).count() + 1


def typical_ms(kind: str) -> float | None:
    """How long the last runs on this kind of media took; None before the first one."""
    done = Detection.objects.filter(state=Detection.State.DONE, media__kind=kind, elapsed_ms__isnull=False)
    times = done.order_by("-finished_at").values_list("elapsed_ms", flat=True)[:RECENT_RUNS]
    known: list[Any] = list(times)
    return statistics.median(known) if known else None


def same_file(owner: User, sha256: str, version: str) -> Detection | None:
    """The owner's newest detection of a file with this content that is this version's, or will be: it still waits."""
    waiting = Q(state__in=(Detection.State.QUEUED, Detection.State.RUNNING))
    judged = Q(state=Detection.State.DONE, model_version=version)
    return Detection.objects.select_related("media").filter(waiting | judged, owner=owner, media__sha256=sha256).first()


def runs_of(media: MediaFile) -> int:
    """How many results go when this file goes."""
    return media.detections.count()


def audit_events_visible_to(user: AbstractBaseUser | AnonymousUser) -> QuerySet[AuditEvent]:
    """All for those who may read the trail, none for others."""
    may_read = isinstance(user, User) and user.has_perm("detection.view_auditevent")
    return AuditEvent.objects.all() if may_read else AuditEvent.objects.none()
