"""What a person does with webhooks: one function = one transaction = one audit event.

The trail names the endpoint and never its address: the path of a webhook is often a secret by itself.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from detection import audit
from detection.webhooks import outbox, signing, targets
from detection.webhooks.errors import WebhookError
from detection.webhooks.events import PING, WORDS, site_url
from detection.webhooks.models import WebhookDelivery, WebhookEndpoint

MAX_ENDPOINTS = 10
BY_HAND_PER_MINUTE = 10
OLD_SECRET_VALID = timedelta(hours=24)


@transaction.atomic
def add(owner: User, *, url: str, events: Sequence[str], description: str = "") -> tuple[WebhookEndpoint, str]:
    """A new endpoint, and its secret, which is shown this once."""
    targets.parse(url)
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)  # two at a time must not pass the limit
    if WebhookEndpoint.objects.filter(owner=owner).count() >= MAX_ENDPOINTS:
        raise WebhookError("too_many_endpoints")
    endpoint = WebhookEndpoint(owner=owner, url=url, description=description, events=in_order(events))
    secret = _give_secret(endpoint)
    endpoint.save(force_insert=True)
    audit.record(owner, "webhook_added", endpoint, events=endpoint.events)
    return endpoint, secret


@transaction.atomic
def change(
    endpoint: WebhookEndpoint, actor: User, *, url: str, events: Sequence[str], description: str
) -> WebhookEndpoint:
    """Another address or other events. A new address starts with a clean slate, what waits goes there."""
    targets.parse(url)
    locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    moved = locked.url != url
    if moved:
        locked.failures, locked.paused_until = 0, None
    locked.url, locked.events, locked.description = url, in_order(events), description
    locked.save()
    audit.record(actor, "webhook_changed", locked, events=locked.events, moved=moved)
    return locked


@transaction.atomic
def delete(endpoint: WebhookEndpoint, actor: User) -> None:
    """The endpoint with its log; nothing more is sent there."""
    locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    audit.record(actor, "webhook_deleted", locked)
    locked.delete()


@transaction.atomic
def renew_secret(endpoint: WebhookEndpoint, actor: User) -> str:
    """A new secret, shown this once; for a day the old one signs as well, so that no event is lost in between."""
    locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    locked.old_salt, locked.old_until = locked.secret_salt, timezone.now() + OLD_SECRET_VALID
    secret = _give_secret(locked)
    locked.save()
    audit.record(actor, "webhook_secret_renewed", locked)
    return secret


@transaction.atomic
def ping(endpoint: WebhookEndpoint, actor: User) -> WebhookDelivery:
    """A test event, also to an endpoint that is off: that is how its owner finds out whether it works again."""
    _slowly(endpoint.owner_id)
    delivery = outbox.put(endpoint, PING, {"links": {"page": site_url("/webhooks/")}}, None)
    audit.record(actor, "webhook_pinged", endpoint)
    return delivery


@transaction.atomic
def redeliver(delivery: WebhookDelivery, actor: User) -> WebhookDelivery:
    """Send an event once more, whatever became of it the first time."""
    _slowly(delivery.endpoint.owner_id)
    if not delivery.endpoint.enabled:
        raise WebhookError("disabled")
    again = outbox.put_again(delivery)
    audit.record(actor, "webhook_redelivered", again, event=str(again.event_id))
    return again


def in_order(events: Sequence[str]) -> list[str]:
    """Each known event once."""
    return [event for event in WORDS if event in events]


def _give_secret(endpoint: WebhookEndpoint) -> str:
    endpoint.secret_salt = signing.new_salt()
    secret = signing.secret_of(endpoint.secret_salt)
    endpoint.secret_sha256 = signing.fingerprint(secret)
    endpoint.secret_hint = secret[: signing.HINT_LENGTH]
    return secret


def _slowly(owner_id: int) -> None:
    """Buttons must not make this site a tool to flood another one."""
    User.objects.select_for_update(no_key=True).get(pk=owner_id)
    lately = timezone.now() - timedelta(minutes=1)
    asked = WebhookDelivery.objects.filter(endpoint__owner_id=owner_id, by_hand=True, created_at__gte=lately)
    if asked.count() >= BY_HAND_PER_MINUTE:
        raise WebhookError("too_many_requests")
