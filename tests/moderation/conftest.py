"""Who moderates in the tests, and how time passes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from detection.moderation.models import Decision, ModerationCase
from tests.factories import make_user


@pytest.fixture
def colleague(roles: None) -> User:
    """A second moderator."""
    return make_user("colleague", "moderator")


@pytest.fixture
def third(roles: None) -> User:
    """A third moderator."""
    return make_user("third", "moderator")


Later = Callable[[ModerationCase, float], None]


@pytest.fixture
def later() -> Later:
    """Moves what happened to a case so many seconds into the past."""

    def move(case: ModerationCase, seconds: float) -> None:
        case.refresh_from_db()
        by = timedelta(seconds=seconds)
        for name in ("decided_at", "held_until", "opened_at", "settled_at"):
            moment = getattr(case, name)
            setattr(case, name, moment - by if moment else None)
        case.save()
        for decision in Decision.objects.filter(case=case):
            Decision.objects.filter(pk=decision.pk).update(decided_at=decision.decided_at - by)

    return move
