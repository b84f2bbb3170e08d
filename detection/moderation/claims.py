"""Leases on cases: one holder, for a quarter of an hour, freed by time or by button."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from detection import audit
from detection.moderation import access
from detection.moderation.errors import ModerationError
from detection.moderation.models import ModerationCase


@transaction.atomic
def take_next(user: User) -> ModerationCase:
    """The best case that this person may have, claimed; what they hold already comes first. Two people who ask at the
    same time get two cases: a row that somebody else is taking at this moment is stepped over."""
    skip = connection.features.has_select_for_update_skip_locked
    free = access.workable(user).select_for_update(of=("self",), skip_locked=skip)
    case = held_by(user) or free.first()
    if case is None:
        raise ModerationError("nothing_to_do")
    return _take(case, user)


@transaction.atomic
def claim(case_id: int, user: User) -> ModerationCase:
    """This case, claimed or claimed on."""
    case = ModerationCase.objects.select_for_update().get(pk=case_id)
    access.check(case, user)
    if not ModerationCase.objects.filter(access.free_for(user), pk=case_id).exists():
        raise ModerationError("held_by_another")
    return _take(case, user)


@transaction.atomic
def release(case_id: int, user: User) -> bool:
    """Give the case back to the queue; False where this person does not hold it."""
    case = ModerationCase.objects.select_for_update().get(pk=case_id)
    if not access.holds(case, user) or not access.workable(user).filter(pk=case_id).exists():
        return False
    case.holder = case.held_until = None
    case.save(update_fields=("holder", "held_until"))
    audit.record(user, "case_released", case)
    return True


def held_by(user: User) -> ModerationCase | None:
    """The case that this person works on at present."""
    mine = access.workable(user).filter(holder=user, held_until__gt=timezone.now())
    return mine.select_for_update(of=("self",)).first()


def _take(case: ModerationCase, user: User) -> ModerationCase:
    again = access.holds(case, user)
    case.holder, case.held_until = user, timezone.now() + timedelta(seconds=settings.DEEPFAKE_CLAIM_SECONDS)
    case.save(update_fields=("holder", "held_until"))
    if not again:
        audit.record(user, "case_claimed", case, until=case.held_until)
    return case
