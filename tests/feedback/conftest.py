"""People whose accounts are old enough to count, and media that several of them have."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from detection.models import Detection
from detection.moderation import services as moderation
from detection.moderation.models import Decision, ModerationCase
from learning.feedback import services
from learning.feedback.claims import Answer
from learning.feedback.models import Feedback
from tests.factories import jpeg_bytes, make_detection, make_media, make_user
from tests.moderation.cases import decide

LONG_AGO = timedelta(days=30)
UNDO_IS_OVER = timedelta(minutes=5)
MakePerson = Callable[..., User]
Say = Callable[..., Feedback]


@pytest.fixture
def person(roles: None) -> MakePerson:
    """Somebody who has been here for a month."""

    def make(name: str = "", role: str = "user", **fields: Any) -> User:
        return make_user(name, role, **{"date_joined": timezone.now() - LONG_AGO, **fields})

    return make


def picture(number: int) -> bytes:
    """One of many different files."""
    return jpeg_bytes() + number.to_bytes(4, "big")


def seen(owner: User, number: int = 0, *, label: str = "FAKE", p_fake: float = 0.75, **media: Any) -> Detection:
    """The owner's finished detection on their own copy of picture `number`."""
    copy = make_media(owner, picture(number), **{"may_train": True, **media})
    return make_detection(owner, copy, state="done", label=label, p_fake=p_fake)


@pytest.fixture
def say() -> Say:
    """The owner of a copy of picture `number` says what they think of its verdict."""

    def tell(who: User, number: int = 0, answer: str = "correct", **more: Any) -> Feedback:
        words = {name: more.pop(name) for name in ("kind", "how", "source_url") if name in more}
        return services.give(seen(who, number, **more), who, Answer(answer, **words))

    return tell


def judged(detection: Detection, moderator: User, verdict: str = "real", **fields: Any) -> ModerationCase:
    """A case on it that this moderator decided a while ago; labels do not know of it yet."""
    case = detection.cases.filter(is_gold=False).first() or moderation.report(detection, detection.owner, "wrong")
    decide(case, moderator, verdict, **fields)
    before = timezone.now() - UNDO_IS_OVER
    Decision.objects.filter(case=case).update(decided_at=before)
    ModerationCase.objects.filter(pk=case.pk).update(decided_at=before)
    case.refresh_from_db()
    return case
