"""Two administrators press at once: one wins, the other is told by name, and there is one champion."""

from contextlib import nullcontext
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from detection.models import AuditEvent
from learning.registry import pointer
from learning.registry.models import ModelVersion
from learning.registry.services import promote, register
from tests.factories import make_user, token_client
from tests.races import together
from tests.registry.conftest import judge
from tests.registry.versions import make_folder

pytestmark = pytest.mark.django_db(transaction=True)
State = ModelVersion.State
Said = tuple[int, str]


@pytest.fixture
def programs(roles: None) -> list[Client]:
    """Two administrators."""
    return [token_client(make_user(f"boss-{number}", "admin"), "learn:run") for number in range(2)]


@pytest.fixture
def three(one: ModelVersion, models: Path) -> ModelVersion:
    """Another candidate."""
    make_folder(models, "three", created="2026-11-24T10:00:00+00:00")
    return register("three", ModelVersion.Origin.FEEDBACK, one)


@pytest.fixture(params=["locked", "unlocked"])
def pointer_lock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows alone have to hold, too: a lock of files may mean nothing between two hosts."""
    if request.param == "unlocked":
        monkeypatch.setattr(pointer, "hold", nullcontext)


def press(programs: list[Client], *paths: str, **body: str) -> list[Said]:
    """(status, code) of each, the winner first."""

    def one(number: int) -> Said:
        path = paths[number % len(paths)]
        answer = programs[number].post(f"/api/models/{path}", body, content_type="application/json")
        return answer.status_code, answer.json().get("code", "")

    return sorted(together(2, one))


def champions() -> list[str]:
    return list(ModelVersion.objects.filter(state=State.CHAMPION).values_list("name", flat=True))


def test_both_promote_the_same(
    one: ModelVersion, two: ModelVersion, programs: list[Client], pointer_lock: None
) -> None:
    judge(two, one)
    assert press(programs, "two/promote", champion="one") == [(200, ""), (409, "champion_changed")]
    assert (champions(), pointer.named()) == (["two"], "two")
    assert AuditEvent.objects.filter(verb="version_promoted").count() == 1


def test_without_naming_the_champion(
    one: ModelVersion, two: ModelVersion, programs: list[Client], pointer_lock: None
) -> None:
    judge(two, one)
    assert press(programs, "two/promote") == [(200, ""), (409, "already_champion")]
    assert (champions(), pointer.named()) == (["two"], "two")


def test_each_promotes_another_one(
    one: ModelVersion, two: ModelVersion, three: ModelVersion, programs: list[Client], pointer_lock: None
) -> None:
    for candidate in (two, three):
        judge(candidate, one)
    assert press(programs, "two/promote", "three/promote", champion="one") == [(200, ""), (409, "champion_changed")]
    assert champions() == [pointer.named()]
    assert ModelVersion.objects.filter(state=State.CANDIDATE).count() == 1


def test_both_roll_back(
    one: ModelVersion, two: ModelVersion, programs: list[Client], admin: User, pointer_lock: None
) -> None:
    judge(two, one)
    promote(two, admin)
    assert press(programs, "rollback", champion="two") == [(200, ""), (409, "champion_changed")]
    assert (champions(), pointer.named()) == (["one"], "one")


def test_each_watches_another_one(two: ModelVersion, three: ModelVersion, programs: list[Client]) -> None:
    assert press(programs, "two/shadow", "three/shadow") == [(200, ""), (409, "shadow_taken")]
    assert ModelVersion.objects.filter(state=State.SHADOW).count() == 1
