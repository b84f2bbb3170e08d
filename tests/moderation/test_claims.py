"""Leases: one holder, freed by time or by button, and never two for one case."""

from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from detection.moderation import claims, priority
from detection.moderation.errors import ModerationError
from detection.moderation.models import ModerationCase
from tests.factories import make_user
from tests.moderation.cases import make_case
from tests.moderation.conftest import Later

MODERATORS = 6


def test_the_best_case_comes_first(owner: User, moderator: User, colleague: User) -> None:
    plain = make_case(owner, "FAKE", 0.985, members={"cnn": 0.99, "vit": 0.98})
    torn = make_case(owner, "INCONCLUSIVE", 0.5, members={"cnn": 0.1, "vit": 0.9})
    assert claims.take_next(moderator) == torn
    assert claims.take_next(moderator) == torn, "what one holds comes first"
    assert claims.take_next(colleague) == plain


def test_waiting_wins_in_the_end(owner: User, moderator: User) -> None:
    plain = make_case(owner, "FAKE", 0.985, members={"cnn": 0.99, "vit": 0.98})
    torn = make_case(owner, "INCONCLUSIVE", 0.5, members={"cnn": 0.1, "vit": 0.9})
    ModerationCase.objects.filter(pk=plain.pk).update(rank=plain.rank + 3)  # three days earlier
    now = timezone.now()
    plain.refresh_from_db()
    assert priority.priority(plain.rank, now) == pytest.approx(0.53 * 0.51 * 8, rel=0.02)
    assert priority.priority(torn.rank, now) == pytest.approx(1.5 * 1.3, rel=0.02)
    assert claims.take_next(moderator) == plain


def test_released_by_button(owner: User, moderator: User, colleague: User) -> None:
    case = make_case(owner)
    claims.claim(case.pk, moderator)
    assert not claims.release(case.pk, colleague)
    assert claims.release(case.pk, moderator)
    assert not claims.release(case.pk, moderator)
    assert claims.take_next(colleague) == case


def test_released_by_time(owner: User, moderator: User, colleague: User, later: Later) -> None:
    case = make_case(owner)
    claims.claim(case.pk, moderator)
    with pytest.raises(ModerationError, match="nothing_to_do"):
        claims.take_next(colleague)
    later(case, 901)
    assert claims.take_next(colleague) == case


@pytest.mark.django_db(transaction=True)
def test_two_never_get_the_same(owner: User) -> None:
    """Real threads with connections of their own; on PostgreSQL they step over the row that another is taking."""
    cases = {make_case(owner).pk for _ in range(MODERATORS)}
    people = [make_user(f"moderator-{number}", "moderator") for number in range(MODERATORS)]
    start, taken = Barrier(MODERATORS), list[int]()

    def work(person: User) -> None:
        start.wait()
        try:
            taken.append(claims.take_next(person).pk)
        finally:
            connection.close()

    threads = [Thread(target=work, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(cases)
