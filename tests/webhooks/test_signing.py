"""Signatures, checked as a receiver would check them."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from detection.webhooks import outbox, services, signing
from detection.webhooks.delivery import attempt
from detection.webhooks.models import WebhookEndpoint
from tests.webhooks.receiver import Received, Receiver


def verifies(request: Received, secret: str) -> bool:
    """The standard's own rules, written down independently of the code under test."""
    key = base64.b64decode(secret[len("whsec_") :])
    head = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}."
    expected = base64.b64encode(hmac.digest(key, head.encode() + request.body, hashlib.sha256)).decode()
    found = [part.partition(",") for part in request.headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(value, expected) for version, _, value in found)


def documented() -> Callable[[str, dict[str, str], bytes], bool]:
    """The example of docs/webhooks.md, as somebody would copy it."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "webhooks.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102  # our own document
    found: Callable[[str, dict[str, str], bytes], bool] = names["verified"]
    return found


def test_documented_example_verifies_and_has_a_replay_window(owner: User, receiver: Receiver) -> None:
    endpoint, secret = services.add(owner, url=receiver.url, events=["detection.done"])
    attempt(services.ping(endpoint, owner).pk)
    (request,) = receiver.requests
    verified = documented()
    assert verified(secret, request.headers, request.body)
    assert not verified(signing.secret_of("another"), request.headers, request.body)
    assert not verified(secret, request.headers, request.body + b" ")
    old = str(int(request.headers["webhook-timestamp"]) - 301)
    signed_then = signing.headers([secret], request.headers["webhook-id"], int(old), request.body)
    assert not verified(secret, signed_then, request.body)


def test_example_of_the_standard() -> None:
    """The vector that the standard's libraries are tested with."""
    given = signing.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert given == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_request_is_signed_with_the_secret_that_was_shown(owner: User, receiver: Receiver) -> None:
    endpoint, secret = services.add(owner, url=receiver.url, events=["detection.done"])
    delivery = services.ping(endpoint, owner)
    attempt(delivery.pk)
    (request,) = receiver.requests
    assert verifies(request, secret)
    assert not verifies(request, signing.secret_of("another"))
    assert request.headers["webhook-id"] == str(delivery.event_id)
    assert abs(int(request.headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60
    request.body += b" "
    assert not verifies(request, secret)


def test_old_secret_signs_for_a_day(owner: User, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
    old = signing.secret_of(endpoint.secret_salt)
    new = services.renew_secret(endpoint, owner)
    attempt(services.ping(endpoint, owner).pk)
    assert verifies(receiver.requests[0], old)
    assert verifies(receiver.requests[0], new)
    WebhookEndpoint.objects.update(old_until=timezone.now())
    attempt(services.ping(endpoint, owner).pk)
    assert not verifies(receiver.requests[1], old)
    assert verifies(receiver.requests[1], new)


def test_database_alone_cannot_sign(endpoint: WebhookEndpoint) -> None:
    secret = signing.secret_of(endpoint.secret_salt)
    stored = " ".join(str(value) for value in WebhookEndpoint.objects.values().get().values())
    assert secret.removeprefix(signing.PREFIX)[4:] not in stored
    assert endpoint.secret_hint == secret[:10]


def test_another_site_key_stops_the_webhook_instead_of_signing_wrongly(
    endpoint: WebhookEndpoint, receiver: Receiver, settings: Settings
) -> None:
    delivery = outbox.put(endpoint, "detection.done", {}, None)
    settings.SECRET_KEY = "another-key-" * 5
    attempt(delivery.pk)
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.off_reason) == (False, "secret")
    assert receiver.requests == []
