"""Webhooks by program: owner, stranger, wrong scope, nobody; and what each operation does."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from detection.webhooks import outbox, services, signing
from detection.webhooks.delivery import attempt
from detection.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.api.conftest import problem_of
from tests.factories import token_client
from tests.webhooks.receiver import Receiver

FORM = {"url": "https://example.org/hook", "events": ["detection.done"]}
OPERATIONS = (
    ("get", "webhooks"),
    ("post", "webhooks"),
    ("get", "webhooks/{endpoint}"),
    ("patch", "webhooks/{endpoint}"),
    ("delete", "webhooks/{endpoint}"),
    ("post", "webhooks/{endpoint}/secret"),
    ("post", "webhooks/{endpoint}/ping"),
    ("get", "webhooks/{endpoint}/deliveries"),
    ("get", "webhooks/deliveries/{delivery}"),
    ("post", "webhooks/deliveries/{delivery}/redeliver"),
)
OF_ONE = [(method, path) for method, path in OPERATIONS if "{" in path]


@pytest.fixture
def program(owner: User) -> Client:
    return token_client(owner, "webhooks:write")


@pytest.fixture
def delivery(endpoint: WebhookEndpoint) -> WebhookDelivery:
    return outbox.put(endpoint, "detection.done", {"detection": {"id": "1"}}, None)


def ask(client: Client, method: str, path: str, delivery: WebhookDelivery) -> Any:
    address = "/api/" + path.format(endpoint=delivery.endpoint_id, delivery=delivery.pk)
    body = {"data": FORM, "content_type": "application/json"} if method in {"post", "patch"} else {}
    return getattr(client, method)(address, **body)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_owner_and_nobody_else(
    program: Client, stranger: User, owner: User, delivery: WebhookDelivery, method: str, path: str
) -> None:
    nobody = ask(Client(), method, path, delivery)
    assert (nobody.status_code, problem_of(nobody)) == (401, "not_authenticated")
    reader = ask(token_client(owner, "detect:read", "detect:write"), method, path, delivery)
    assert (reader.status_code, problem_of(reader)) == (403, "insufficient_scope")
    if "{" in path:
        other = ask(token_client(stranger), method, path, delivery)
        assert (other.status_code, problem_of(other)) == (404, "not_found")
    assert ask(program, method, path, delivery).status_code in {200, 201, 202, 204}


def test_added(program: Client, owner: User) -> None:
    response = program.post("/api/webhooks", FORM | {"description": "CI"}, content_type="application/json")
    body = response.json()
    endpoint = WebhookEndpoint.objects.get()
    assert (response.status_code, endpoint.owner, body["description"]) == (201, owner, "CI")
    assert response["Location"] == f"/api/webhooks/{endpoint.pk}"
    assert signing.fingerprint(body["secret"]) == endpoint.secret_sha256
    shown = program.get(response["Location"]).json()
    assert shown == {name: value for name, value in body.items() if name != "secret"}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"url": "http://169.254.169.254/latest"}, "url", "refused_address"),
        ({"url": "gopher://example.org"}, "url", "bad_scheme"),
        ({"url": None}, "url", "null"),
        ({"events": []}, "events", "empty"),
        ({"events": ["everything"]}, "events.0", "invalid_choice"),
        ({"description": "x" * 101}, "description", "max_length"),
    ],
)
def test_what_makes_no_sense(program: Client, change: dict[str, Any], field: str, code: str) -> None:
    response = program.post("/api/webhooks", FORM | change, content_type="application/json")
    assert (response.status_code, problem_of(response)) == (400, "invalid")
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]


def test_too_many(program: Client, owner: User) -> None:
    for number in range(services.MAX_ENDPOINTS):
        services.add(owner, url=f"https://example.org/{number}", events=["detection.done"])
    response = program.post("/api/webhooks", FORM, content_type="application/json")
    assert (response.status_code, problem_of(response)) == (409, "too_many_endpoints")
    assert len(program.get("/api/webhooks").json()["results"]) == services.MAX_ENDPOINTS


def test_changed_in_part_and_switched(program: Client, endpoint: WebhookEndpoint) -> None:
    address = f"/api/webhooks/{endpoint.pk}"
    body = program.patch(address, {"description": "new"}, content_type="application/json").json()
    assert (body["description"], body["url"], body["events"]) == ("new", endpoint.url, endpoint.events)
    assert body["enabled"] is True
    off = program.patch(address, {"enabled": False}, content_type="application/json").json()
    assert (off["enabled"], off["off_reason"]) == (False, "owner")
    assert program.patch(address, {"enabled": True}, content_type="application/json").json()["off_reason"] == ""


def test_ping_and_log(program: Client, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
    response = program.post(f"/api/webhooks/{endpoint.pk}/ping")
    assert (response.status_code, response.json()["state"]) == (202, "pending")
    attempt(WebhookDelivery.objects.get().pk)
    whole = program.get(response["Location"]).json()
    assert (whole["state"], whole["response_status"], whole["response_head"]) == ("delivered", 200, "thank you")
    assert whole["payload"]["type"] == "ping"
    assert [entry["status"] for entry in whole["tries"]] == [200]
    assert whole["next_attempt_at"] is None


def test_log_comes_in_pages(program: Client, endpoint: WebhookEndpoint) -> None:
    made = [str(outbox.put(endpoint, "detection.done", {}, None).pk) for _ in range(5)]
    seen, address = [], f"/api/webhooks/{endpoint.pk}/deliveries?limit=2"
    while address:
        page = program.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert seen == made[::-1]


def test_redelivered(program: Client, owner: User, delivery: WebhookDelivery) -> None:
    body = program.post(f"/api/webhooks/deliveries/{delivery.pk}/redeliver").json()
    assert (body["event_id"], body["redelivery_of"]) == (str(delivery.event_id), str(delivery.pk))
    program.patch(f"/api/webhooks/{delivery.endpoint_id}", {"enabled": False}, content_type="application/json")
    refused = program.post(f"/api/webhooks/deliveries/{delivery.pk}/redeliver")
    assert (refused.status_code, problem_of(refused)) == (409, "disabled")


def test_too_many_by_hand(program: Client, endpoint: WebhookEndpoint) -> None:
    answers = [program.post(f"/api/webhooks/{endpoint.pk}/ping") for _ in range(services.BY_HAND_PER_MINUTE + 1)]
    assert (answers[-1].status_code, problem_of(answers[-1])) == (429, "too_many_requests")
    assert answers[-1]["Retry-After"] == "60"


class TestIdempotency:
    def send(self, program: Client, **change: Any) -> Any:
        return program.post(
            "/api/webhooks", FORM | change, content_type="application/json", headers={"Idempotency-Key": "once"}
        )

    def test_one_webhook_and_its_secret_again(self, program: Client) -> None:
        first, second = self.send(program), self.send(program)
        assert [answer.status_code for answer in (first, second)] == [201, 201]
        assert first.json()["id"] == second.json()["id"]
        assert first.json()["secret"] == second.json()["secret"]
        assert [answer.get("Idempotent-Replayed") for answer in (first, second)] == [None, "true"]
        assert WebhookEndpoint.objects.count() == 1

    def test_another_body_is_refused(self, program: Client) -> None:
        self.send(program)
        assert problem_of(self.send(program, url="https://example.org/other")) == "key_reused"

    def test_what_was_deleted_does_not_come_back(self, program: Client) -> None:
        program.delete(f"/api/webhooks/{self.send(program).json()['id']}")
        again = self.send(program)
        assert (again.status_code, problem_of(again)) == (410, "deleted")
        assert not WebhookEndpoint.objects.exists()

    def test_a_strangers_key_is_another(self, program: Client, stranger: User) -> None:
        other = self.send(token_client(stranger, "webhooks:write")).json()["id"]
        assert self.send(program).json()["id"] != other
