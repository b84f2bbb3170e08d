"""Who may work on which case. Each rule is one condition, for the database and for the sentence that refuses."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from detection.moderation.errors import ModerationError
from detection.moderation.models import Decision, ModerationCase
from detection.moderation.words import OPEN_STATES, State

MODERATE = "moderation.decide_case"
LEAD = "moderation.lead_case"


def moderates(user: AbstractBaseUser | AnonymousUser) -> bool:
    """May this person work on cases?"""
    return isinstance(user, User) and user.has_perm(MODERATE)


def leads(user: AbstractBaseUser | AnonymousUser) -> bool:
    """May this person decide what moderators escalate?"""
    return isinstance(user, User) and user.has_perm(LEAD)


def within_reach(user: User) -> Q:
    """The open cases that this person may ever get: escalated ones are for leads."""
    return Q(state__in=OPEN_STATES) if leads(user) else Q(state__in=OPEN_STATES) & ~Q(state=State.ESCALATED)


def free_for(user: User) -> Q:
    """Held by nobody else at this moment."""
    return Q(holder=None) | Q(held_until=None) | Q(held_until__lte=timezone.now()) | Q(holder=user)


def decided_by(user: User) -> Exists:
    """Has this person decided about the same detection before?"""
    own = Decision.objects.filter(moderator=user, detection=OuterRef("detection_id"), undone_at=None)
    return Exists(own)


def workable(user: User) -> QuerySet[ModerationCase]:
    """What this person could claim now, the best first."""
    cases = ModerationCase.objects.filter(within_reach(user), free_for(user), ~decided_by(user))
    return cases.exclude(detection__owner=user).order_by("-rank", "id")


def check(case: ModerationCase, user: User) -> None:
    """ModerationError with the first rule that forbids this person to work on this case."""
    if not case.is_open:
        raise ModerationError("already_over")
    if case.state == State.ESCALATED and not leads(user):
        raise ModerationError("for_leads")
    if case.detection.owner_id == user.pk:
        raise ModerationError("own_media")
    if Decision.objects.filter(moderator=user, detection_id=case.detection_id, undone_at=None).exists():
        raise ModerationError("decided_before")


def holds(case: ModerationCase, user: User) -> bool:
    """Is the lease this person's, and still good?"""
    return case.holder_id == user.pk and case.held_until is not None and case.held_until > timezone.now()
