"""One attempt: claim the row, send without a transaction, write down what happened.

Only one worker can hold a row, and only its holder can write. An endpoint that fails is left alone for a while with
all its events, so that a receiver that hangs costs one attempt per wait and not one per event.
"""

import time
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from detection.webhooks import signing, switch, transport
from detection.webhooks.backoff import DISABLE_AFTER, MAX_ATTEMPTS, PING_ATTEMPTS, wait_after
from detection.webhooks.events import PING
from detection.webhooks.models import WebhookDelivery, WebhookEndpoint
from detection.webhooks.transport import Answer

State, Off = WebhookDelivery.State, WebhookEndpoint.Off
USER_AGENT = "DeepfakeCheck-Webhooks/1"


def attempt(delivery_id: uuid.UUID) -> None:
    """What a task does. Nothing, where the row is not due or somebody else has it."""
    delivery = claim(delivery_id)
    if delivery is not None:
        record(delivery, send(delivery))


@transaction.atomic
def claim(delivery_id: uuid.UUID) -> WebhookDelivery | None:
    """Take a row that is due, and count the attempt before anything is sent."""
    due = WebhookDelivery.objects.filter(pk=delivery_id, state=State.PENDING, next_attempt_at__lte=timezone.now())
    delivery = due.select_for_update(of=("self",)).select_related("endpoint").first()
    if delivery is None or _ends_or_waits(delivery):
        return None
    delivery.attempts += 1
    delivery.claim_token = uuid.uuid4()
    delivery.next_attempt_at = timezone.now() + timedelta(seconds=3 * settings.DEEPFAKE_WEBHOOK_SECONDS + 30)
    delivery.save(update_fields=("attempts", "claim_token", "next_attempt_at"))
    return delivery


def _ends_or_waits(delivery: WebhookDelivery) -> bool:
    """Rows that get no attempt now: the last one was lost with its worker, or the endpoint is off or rests."""
    is_off = not delivery.endpoint.enabled and delivery.event != PING
    if is_off or delivery.attempts >= attempts_of(delivery):
        _end(delivery, State.FAILED, "disabled" if is_off else "worker_lost")
        return True
    pause = delivery.endpoint.paused_until
    urgent = delivery.by_hand and not delivery.attempts
    if urgent or pause is None or pause <= timezone.now():
        return False
    delivery.next_attempt_at, delivery.claim_token = pause, None
    delivery.save(update_fields=("next_attempt_at", "claim_token"))
    return True


def attempts_of(delivery: WebhookDelivery) -> int:
    """How often it is tried at most."""
    return PING_ATTEMPTS if delivery.event == PING else MAX_ATTEMPTS


def send(delivery: WebhookDelivery) -> Answer:
    """Sign and post. The secret is read only here."""
    secrets = valid_secrets(delivery.endpoint)
    if not secrets:
        return Answer("secret_lost")
    body, now = delivery.body.encode(), int(time.time())
    headers = signing.headers(secrets, str(delivery.event_id), now, body)
    headers |= {"Content-Type": "application/json", "User-Agent": USER_AGENT}
    return transport.post(delivery.endpoint.url, body, headers)


def valid_secrets(endpoint: WebhookEndpoint) -> list[str]:
    """The newest first; the one before it for a while. None at all where the site's key has changed since."""
    secret = signing.secret_of(endpoint.secret_salt)
    if signing.fingerprint(secret) != endpoint.secret_sha256:
        return []
    old = endpoint.old_salt if endpoint.old_until and endpoint.old_until > timezone.now() else ""
    return [secret, signing.secret_of(old)] if old else [secret]


@transaction.atomic
def record(claimed: WebhookDelivery, answer: Answer) -> bool:
    """Write the outcome; False where the claim was lost meanwhile. The endpoint is locked first, as everywhere."""
    endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=claimed.endpoint_id).first()
    held = WebhookDelivery.objects.filter(pk=claimed.pk, claim_token=claimed.claim_token, state=State.PENDING)
    delivery = held.select_for_update().first()
    if endpoint is None or delivery is None:
        return False
    _write_down(delivery, answer)
    if not answer.fault:
        _end(delivery, State.DELIVERED, "")
        _recovered(endpoint)
    else:
        _failed(endpoint, delivery, answer)
    return True


def _write_down(delivery: WebhookDelivery, answer: Answer) -> None:
    delivery.fault, delivery.response_status = answer.fault, answer.status
    delivery.response_head, delivery.duration_ms = answer.head, answer.duration_ms
    delivery.tries.append(
        {
            "at": timezone.now().isoformat(),
            "status": answer.status,
            "fault": answer.fault,
            "duration_ms": answer.duration_ms,
        }
    )


def _recovered(endpoint: WebhookEndpoint) -> None:
    """It answers: what was waiting for it need not wait any longer."""
    if endpoint.failures:
        waiting = WebhookDelivery.objects.filter(endpoint=endpoint, state=State.PENDING, claim_token=None)
        waiting.update(next_attempt_at=timezone.now())
    endpoint.failures, endpoint.paused_until, endpoint.last_success_at = 0, None, timezone.now()
    endpoint.save(update_fields=("failures", "paused_until", "last_success_at"))


def _failed(endpoint: WebhookEndpoint, delivery: WebhookDelivery, answer: Answer) -> None:
    """Try again later, or give up; count it against the endpoint unless it was only a test."""
    if delivery.event != PING:
        endpoint.failures += 1
        endpoint.paused_until = timezone.now() + wait_after(endpoint.failures)
        endpoint.save(update_fields=("failures", "paused_until"))
    if delivery.attempts >= attempts_of(delivery):
        _end(delivery, State.FAILED, answer.fault)
    else:
        _postpone(delivery, endpoint)
    reason = _reason_to_stop(endpoint, answer)
    if reason and endpoint.enabled and delivery.event != PING:
        switch.off_by_itself(endpoint, reason)


def _postpone(delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> None:
    own = timezone.now() + wait_after(delivery.attempts)
    delivery.next_attempt_at = max(own, endpoint.paused_until or own)
    delivery.claim_token = None
    delivery.save()


def _reason_to_stop(endpoint: WebhookEndpoint, answer: Answer) -> WebhookEndpoint.Off | None:
    at_once = {"gone": Off.GONE, "secret_lost": Off.SECRET}
    if answer.fault in at_once:
        return at_once[answer.fault]
    return Off.FAILURES if endpoint.failures >= DISABLE_AFTER else None


def _end(delivery: WebhookDelivery, state: WebhookDelivery.State, fault: str) -> None:
    delivery.state, delivery.fault = state, fault
    delivery.claim_token, delivery.finished_at = None, timezone.now()
    delivery.save()
