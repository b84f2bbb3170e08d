"""Versions by program."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from learning.registry import pointer
from learning.registry.models import ModelVersion
from tests.api.conftest import problem_of
from tests.factories import make_user, token_client
from tests.registry.conftest import judge

OPERATIONS = (
    ("get", "models"),
    ("get", "models/champion"),
    ("get", "models/one"),
    ("post", "models/two/promote"),
    ("post", "models/two/evaluate"),
    ("post", "models/rollback"),
)


def ask(client: Client, method: str, path: str, **body: Any) -> Any:
    more = {"data": body, "content_type": "application/json"} if method == "post" else {}
    return getattr(client, method)(f"/api/{path}", **more)


@pytest.fixture
def program(roles: None) -> Client:
    return token_client(make_user("boss", "admin"), "learn:run")


def test_it_works(one: ModelVersion, two: ModelVersion, program: Client) -> None:
    judge(two, one)
    assert [row["name"] for row in ask(program, "get", "models").json()["results"]] == ["two", "one"]
    found = ask(program, "get", "models/two").json()
    assert (found["state"], found["parent"], found["evaluation"]["passed"]) == ("candidate", "one", True)
    promoted = ask(program, "post", "models/two/promote", champion="one")
    assert (promoted.status_code, promoted.json()["state"]) == (200, "champion")
    assert ask(program, "get", "models/champion").json()["replaced"] == "one"
    assert ask(program, "post", "models/rollback", champion="two").json()["name"] == "one"
    assert pointer.named() == "one"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("models/two/promote", {}, 409, "not_judged"),
        ("models/one/promote", {}, 409, "already_champion"),
        ("models/two/promote", {"champion": "zero"}, 409, "champion_changed"),
        ("models/none/promote", {}, 404, "unknown_version"),
        ("models/rollback", {}, 409, "nothing_to_roll_back"),
        ("models/one/evaluate", {}, 409, "wrong_state"),
    ],
)
def test_refusals_have_names(
    one: ModelVersion, two: ModelVersion, program: Client, path: str, body: dict[str, str], status: int, code: str
) -> None:
    response = ask(program, "post", path, **body)
    assert (response.status_code, problem_of(response)) == (status, code)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_scope_and_role(
    one: ModelVersion, two: ModelVersion, owner: User, moderator: User, method: str, path: str
) -> None:
    assert problem_of(ask(Client(), method, path)) == "not_authenticated"
    assert problem_of(ask(token_client(owner), method, path)) == "forbidden"
    assert (
        problem_of(ask(token_client(make_user("other", "admin"), "detect:read"), method, path)) == "insufficient_scope"
    )
    looked = ask(token_client(moderator), method, path)
    assert looked.status_code == (200 if method == "get" else 403)
