"""Keeping each reporter's trust up to date with what was decided without them."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from detection.permissions import ADMIN, LEAD, MODERATOR
from learning.feedback.judgements import deciders, record_on_known
from learning.feedback.models import Feedback, ReporterTrust
from learning.feedback.trust import MODERATOR_PRIOR, USER_PRIOR, WINDOW, Posterior, is_trusted
from learning.feedback.words import Label, Source

INDEPENDENT = (Source.MODERATOR, Source.GOLD)


def posterior_of(person: User) -> Posterior:
    """What is believed about this person, from the rows as they are now. Known cases count first."""
    known_right, known_wrong = record_on_known(person.pk, WINDOW)
    right, wrong = record_of(person, WINDOW - known_right - known_wrong)
    prior = MODERATOR_PRIOR if is_moderator(person) else USER_PRIOR
    return Posterior(known_right + right, known_wrong + wrong, prior)


def is_moderator(person: User) -> bool:
    """Moderators begin above users."""
    return person.groups.filter(name__in=(MODERATOR, LEAD, ADMIN)).exists()


def record_of(person: User, window: int = WINDOW) -> tuple[int, int]:
    """Right and wrong among the last `window` claims that somebody else decided, each subject once.

    Agreements of reporters do not count, or people could make each other trusted; nor do one's own decisions.
    """
    rows = (
        Feedback.objects.filter(person=person, decision__source__in=INDEPENDENT, decision__state="standing")
        .filter(decision__label__in=(Label.REAL, Label.FAKE), state__in=("accepted", "rejected"))
        .exclude(decision__moderators=person)
        .order_by("-decision__decided_at", "-changed_at")
        .values_list("decision__subject", "state")
    )
    first: dict[str, str] = {}
    for subject, state in rows.iterator():
        if len(first) == window:
            break
        first.setdefault(subject, state)
    right = sum(state == Feedback.State.ACCEPTED for state in first.values())
    return right, len(first) - right


@transaction.atomic
def refresh(person: User) -> bool:
    """Write down how far this person is believed; True where that moved them over the line of trust."""
    found = posterior_of(person)
    row = ReporterTrust.objects.select_for_update().filter(person=person).first()
    before = is_trusted(row.lower) if row else False
    values: dict[str, Any] = {
        "right": found.right,
        "wrong": found.wrong,
        "mean": found.mean,
        "lower": found.lower,
        "level": found.level,
        "updated_at": timezone.now(),
    }
    ReporterTrust.objects.update_or_create(person=person, defaults=values)
    return before != is_trusted(found.lower)


def refresh_all(people: Iterable[int]) -> set[int]:
    """Those of them who crossed the line of trust, either way."""
    return {person.pk for person in User.objects.filter(pk__in=set(people)).order_by("pk") if refresh(person)}


def everybody() -> set[int]:
    """All whose word was ever weighed."""
    return {*Feedback.objects.values_list("person", flat=True), *deciders(None)}
