"""The learning loop for programs."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from detection.models import MediaFile
from learning.registry.models import ModelVersion
from learning.retraining import bridge, services
from learning.retraining.models import TrainingRun
from tests.api.conftest import problem_of
from tests.factories import token_client
from tests.retraining.conftest import Gate, Stage

STATS, RETRAIN = "/api/rl/stats", "/api/rl/retrain"


def test_it_works(champion: ModelVersion, admin: User) -> None:
    program = token_client(admin, "learn:run")
    answer = program.post(RETRAIN, {"kind": "small"}, content_type="application/json")
    run = TrainingRun.objects.get()
    assert answer.status_code == 202
    assert answer.json()["id"] == run.pk
    assert answer["Location"] == answer.json()["url"] == f"/api/rl/runs/{run.pk}"
    assert (run.trigger, run.started_by) == ("api", admin)
    told = program.get(f"/api/rl/runs/{run.pk}").json()
    assert (told["state"], told["from_version"], told["candidate"]) == ("queued", "one", None)


def test_without_a_body_it_is_a_small_run(champion: ModelVersion, admin: User) -> None:
    assert token_client(admin, "learn:run").post(RETRAIN, content_type="application/json").status_code == 202
    assert TrainingRun.objects.get().kind == "small"


def test_one_at_a_time(run: TrainingRun, admin: User) -> None:
    answer = token_client(admin, "learn:run").post(RETRAIN, {}, content_type="application/json")
    assert (answer.status_code, problem_of(answer)) == (409, "already_running")


def test_one_run_for_one_key(champion: ModelVersion, admin: User) -> None:
    program = token_client(admin, "learn:run")

    def send(kind: str = "small", key: str = "once") -> Any:
        return program.post(RETRAIN, {"kind": kind}, content_type="application/json", headers={"Idempotency-Key": key})

    first = send()
    services.cancel(TrainingRun.objects.get(), admin)
    again = send()
    assert (again.status_code, again.json()["id"], again.json()["state"]) == (202, first.json()["id"], "cancelled")
    assert again["Idempotent-Replayed"] == "true"
    assert problem_of(send("full")) == "key_reused"
    assert TrainingRun.objects.count() == 1
    send(key="second")
    assert problem_of(send(key="third")) == "already_running"
    services.cancel(TrainingRun.objects.get(state="queued"), admin)
    assert send(key="third").status_code == 202  # what was refused may be tried again


def test_an_unknown_kind_is_refused(champion: ModelVersion, admin: User) -> None:
    answer = token_client(admin, "learn:run").post(RETRAIN, {"kind": "huge"}, content_type="application/json")
    assert (answer.status_code, problem_of(answer)) == (400, "invalid")


def test_statistics_are_those_of_the_page(
    run: TrainingRun, confirmed: list[MediaFile], stage: Stage, gate: Gate, owner: User
) -> None:
    bridge.run_training(run.pk)
    told = token_client(owner, "learn:run").get(STATS).json()
    assert (told["trainings"], told["candidates"], told["labels"]) == (1, 1, 20)
    assert told["average_reward"] == pytest.approx(0.25)
    row = told["runs"][0]
    assert row["held_out_loss_before"] == pytest.approx(0.9)
    assert row["held_out"]["items"] + row["fit"]["items"] == 20


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("get", STATS, ("user", "moderator", "lead", "admin")),
        ("get", "/api/rl/runs/{}", ("moderator", "lead", "admin")),
        ("post", RETRAIN, ("admin",)),
    ],
)
def test_every_role_and_scope(
    method: str,
    address: str,
    allowed: tuple[str, ...],
    run: TrainingRun,
    owner: User,
    moderator: User,
    lead: User,
    admin: User,
) -> None:
    url = address.format(run.pk)
    for role, person in {"user": owner, "moderator": moderator, "lead": lead, "admin": admin}.items():
        answer = getattr(token_client(person, "learn:run"), method)(url, content_type="application/json")
        if role in allowed:
            assert answer.status_code == (200 if method == "get" else 409), role
        else:
            assert (answer.status_code, problem_of(answer)) == (403, "forbidden"), role
        narrow = getattr(token_client(person, "detect:read"), method)(url)
        assert problem_of(narrow) in ("insufficient_scope", "forbidden")
        assert narrow.status_code == 403
    assert getattr(Client(), method)(url).status_code == 401
