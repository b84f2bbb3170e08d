"""Feedback for programs."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from detection.models import Detection
from detection.moderation import services as moderation
from learning.feedback import labels, services
from learning.feedback.claims import Answer
from learning.feedback.models import Feedback
from tests.factories import make_detection, token_client
from tests.feedback.conftest import judged, seen

ALL = "/api/feedback"


def send(client: Client, detection: Detection, **data: Any) -> Any:
    return client.post(ALL, {"detection": str(detection.pk), **data}, content_type="application/json")


@pytest.fixture
def program(owner: User) -> Client:
    return token_client(owner, "feedback:write")


@pytest.fixture
def feedback(owner: User) -> Feedback:
    return services.give(seen(owner), owner, Answer("incorrect", how="I took it"))


def one(feedback: Feedback) -> str:
    return f"{ALL}/{feedback.pk}"


def test_it_works(program: Client, owner: User) -> None:
    detection = seen(owner)
    answer = send(program, detection, answer="incorrect", kind="authentic", how="I took it")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["state"], body["claim"], body["decision"]) == ("pending", "real", None)
    assert body["detection"] == str(detection.pk)
    again = send(program, detection, answer="correct")
    assert (again.status_code, again.json()["id"], again.json()["claim"]) == (200, body["id"], "fake")


def test_naming_what_the_verdict_did_not(program: Client, owner: User) -> None:
    detection = seen(owner, label="INCONCLUSIVE")
    assert send(program, detection, answer="incorrect").json()["code"] == "label_missing"
    assert send(program, detection, answer="incorrect", claim="fake").json()["claim"] == "fake"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, "invalid"),
        ({"answer": "maybe"}, "invalid"),
        ({"answer": "correct", "claim": "unknown"}, "invalid"),
        ({"answer": "correct", "kind": "magic"}, "invalid"),
        ({"answer": "correct", "source_url": "javascript:alert(1)"}, "invalid"),
        ({"answer": "correct", "how": "\x00"}, "invalid"),
        ({"answer": "correct", "kind": "authentic"}, "contradiction"),
    ],
)
def test_what_cannot_be_taken(program: Client, owner: User, data: dict[str, str], code: str) -> None:
    answer = send(program, seen(owner), **data)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_no_verdict_yet(program: Client, owner: User) -> None:
    answer = send(program, make_detection(owner), answer="correct")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_done")


def test_change_keeps_what_is_not_sent(program: Client, feedback: Feedback) -> None:
    answer = program.patch(one(feedback), {"kind": "authentic"}, content_type="application/json")
    body = answer.json()
    assert (answer.status_code, body["answer"], body["how"], body["kind"]) == (
        200,
        "incorrect",
        "I took it",
        "authentic",
    )


def test_withdraw(program: Client, feedback: Feedback) -> None:
    assert [program.delete(one(feedback)).status_code for _ in range(2)] == [204, 204]
    assert program.get(one(feedback)).json()["state"] == "withdrawn"
    answer = program.patch(one(feedback), {"answer": "correct"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "withdrawn")


def test_decided_is_final_and_has_a_story(program: Client, feedback: Feedback, moderator: User) -> None:
    judged(feedback.detection, moderator, "real")
    labels.catch_up()
    assert program.delete(one(feedback)).json()["code"] == "already_decided"
    body = program.get(one(feedback)).json()
    assert (body["state"], body["decision"]["label"]) == ("accepted", "real")
    assert [step["title"] for step in body["story"]] == ["Your answer", "Accepted", "Ready for training"]


def test_the_list_is_ones_own(program: Client, feedback: Feedback, stranger: User) -> None:
    services.give(seen(stranger, 1), stranger, Answer("correct"))
    assert [row["id"] for row in program.get(ALL).json()["results"]] == [str(feedback.pk)]


@pytest.mark.parametrize("who", ["stranger", "moderator", "admin"])
def test_what_is_somebody_elses_does_not_exist(request: pytest.FixtureRequest, owner: User, who: str) -> None:
    given = services.give(seen(owner), owner, Answer("correct"))
    client = token_client(request.getfixturevalue(who))
    answers = [
        client.get(one(given)),
        client.patch(one(given), {"answer": "correct"}, content_type="application/json"),
        client.delete(one(given)),
        send(client, given.detection, answer="incorrect"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert Feedback.objects.get().answer == "correct"


def test_moderators_answer_on_flagged_ones(owner: User, moderator: User) -> None:
    detection = seen(owner)
    moderation.report(detection, owner, "")
    assert send(token_client(moderator), detection, answer="incorrect").status_code == 201


def test_it_takes_the_scope(owner: User, feedback: Feedback) -> None:
    client = token_client(owner, "detect:read", "detect:write")
    answers = [
        client.get(ALL),
        client.get(one(feedback)),
        client.delete(one(feedback)),
        send(client, feedback.detection),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "insufficient_scope")}


def test_nobody(db: None, anonymous_client: Client) -> None:
    assert anonymous_client.get(ALL).status_code == 401
    assert anonymous_client.get(f"{ALL}/{uuid.uuid4()}").status_code == 401


class TestIdempotency:
    def send(self, program: Client, detection: Detection, answer: str = "incorrect", key: str = "once") -> Any:
        body = {"detection": str(detection.pk), "answer": answer}
        return program.post(ALL, body, content_type="application/json", headers={"Idempotency-Key": key})

    def test_a_repetition_does_not_undo_a_change(self, program: Client, owner: User) -> None:
        detection = seen(owner)
        assert self.send(program, detection).status_code == 201
        self.send(program, detection, "correct", key="other")
        again = self.send(program, detection)
        assert (again.status_code, again.json()["answer"], again["Idempotent-Replayed"]) == (200, "correct", "true")

    def test_what_was_withdrawn_stays_so(self, program: Client, owner: User) -> None:
        detection = seen(owner)
        program.delete(f"{ALL}/{self.send(program, detection).json()['id']}")
        assert self.send(program, detection).json()["state"] == "withdrawn"

    def test_another_body_is_refused(self, program: Client, owner: User) -> None:
        detection = seen(owner)
        self.send(program, detection)
        other = self.send(program, detection, "correct")
        assert (other.status_code, other.json()["code"]) == (422, "key_reused")

    def test_what_was_refused_may_be_tried_again(self, program: Client, owner: User) -> None:
        detection = seen(owner)
        Detection.objects.filter(pk=detection.pk).update(state="running")
        assert self.send(program, detection).json()["code"] == "not_done"
        Detection.objects.filter(pk=detection.pk).update(state="done")
        assert self.send(program, detection).status_code == 201
