"""How long somebody's files are kept: as long as the site keeps them, or less, where its owner wants that."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from deepfake_site.accounts.models import Retention
from detection import audit
from detection.models import MediaFile
from detection.services import purge_media

STEPS = (1, 3, 7, 14, 30, 90)


def choices() -> list[int]:
    """The days that are less than the site's own; the site's own may be 0: for ever."""
    longest = settings.DEEPFAKE_RETENTION_DAYS
    return [days for days in STEPS if longest <= 0 or days < longest]


def chosen_by(user: User) -> int | None:
    """What somebody chose; None: as the site does."""
    return Retention.objects.filter(owner=user).values_list("days", flat=True).first()


@transaction.atomic
def choose(user: User, days: int | None) -> None:
    """From the next hour on; None goes back to the site's own."""
    if days is None:
        Retention.objects.filter(owner=user).delete()
    else:
        Retention.objects.update_or_create(owner=user, defaults={"days": days})
    audit.record(user, "retention_chosen", user, days=days)


def purge_chosen() -> int:
    """Remove the bytes that their owners do not want to be kept any longer; results stay."""
    now = timezone.now()
    removed = 0
    for wish in Retention.objects.all():
        old = MediaFile.objects.filter(
            owner_id=wish.owner_id, purged_at=None, created_at__lt=now - timedelta(days=wish.days)
        )
        removed += sum(purge_media(media) for media in list(old))
    return removed
