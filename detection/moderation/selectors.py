"""What is read about cases: the queue, decided cases, and what the owner of a result may know."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from detection.moderation.models import Decision, ModerationCase
from detection.moderation.words import State


def decided_cases(since: datetime | None) -> QuerySet[ModerationCase]:
    """What people have decided for good, oldest first: undo is over, and no appeal is pending. A case comes again,
    with a later `decided_at`, when an appeal was answered. `.detection`, `.media`, `.verdict`, `.kind`, `.decided_at`,
    `.moderators` (ids) and `.is_gold` are what a label can be made of."""
    final_before = timezone.now() - timedelta(seconds=settings.DEEPFAKE_UNDO_SECONDS)
    cases = ModerationCase.objects.filter(state=State.DECIDED, decided_at__lte=final_before)
    if since is not None:
        cases = cases.filter(decided_at__gt=since)
    related = cases.select_related("detection", "detection__media").prefetch_related("decisions")
    return related.order_by("decided_at", "id")


def undoable(user: User) -> Decision | None:
    """This person's last decision, for as long as it can be taken back."""
    since = timezone.now() - timedelta(seconds=settings.DEEPFAKE_UNDO_SECONDS)
    own = Decision.objects.filter(moderator=user, decided_at__gt=since, undone_at=None)
    return own.select_related("case").order_by("-decided_at").first()
