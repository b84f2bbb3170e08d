"""Housekeeping: what crashed is brought back, what is orphaned or too old is removed. All of it may run at any time,
twice, and beside itself."""

import logging
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from detection import leases, media_store, queue, services
from detection.api import idempotency
from detection.models import MediaFile

logger = logging.getLogger(__name__)
ORPHAN_SECONDS = 6 * 3600.0  # longer than any upload takes


def reap() -> None:
    """Expired leases, forgotten tasks, uploads that were never finished."""
    expired, forgotten = leases.recover_expired(), queue.wake_forgotten()
    swept = media_store.sweep_arrivals(ORPHAN_SECONDS)
    if expired or forgotten or swept:
        logger.warning("reaped %d leases, %d forgotten tasks, %d unfinished uploads", expired, forgotten, swept)


def purge(days: int | None = None) -> int:
    """Remove orphans, and the bytes of media older than `days` (the setting if None; 0: none are). Results stay."""
    days = settings.DEEPFAKE_RETENTION_DAYS if days is None else days
    media_store.sweep_orphans(ORPHAN_SECONDS)
    idempotency.prune()
    if days <= 0:
        return 0
    old = MediaFile.objects.filter(purged_at=None, created_at__lt=timezone.now() - timedelta(days=days))
    return sum(services.purge_media(media) for media in list(old))
