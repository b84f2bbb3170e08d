"""Switching an endpoint on and off, by its owner or because it kept failing."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from detection import audit
from detection.webhooks.events import PING
from detection.webhooks.models import WebhookDelivery, WebhookEndpoint

Off = WebhookEndpoint.Off
NOTICE_TASK = "detection.webhooks.tasks.mail_disabled"


@transaction.atomic
def off_by_itself(endpoint: WebhookEndpoint, reason: Off) -> None:
    """Nobody listens there: stop, and tell the owner by mail and on the site."""
    _switch_off(endpoint, reason)
    audit.record(None, "webhook_disabled", endpoint, reason=str(reason), failures=endpoint.failures)
    async_task(NOTICE_TASK, str(endpoint.pk), cluster="light")


@transaction.atomic
def off(endpoint: WebhookEndpoint, actor: User) -> None:
    """Its owner wants no events for the time being."""
    locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    if not locked.enabled:
        return
    _switch_off(locked, Off.OWNER)
    audit.record(actor, "webhook_switched_off", locked)


@transaction.atomic
def on(endpoint: WebhookEndpoint, actor: User) -> None:
    """Back in service with a clean slate. What happened meanwhile was not recorded for it."""
    locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    if locked.enabled:
        return
    locked.enabled, locked.off_reason, locked.off_at = True, "", None
    locked.failures, locked.paused_until = 0, None
    locked.save()
    audit.record(actor, "webhook_switched_on", locked)


def _switch_off(endpoint: WebhookEndpoint, reason: Off) -> None:
    """What still waits has failed: it can be delivered again by hand."""
    now = timezone.now()
    endpoint.enabled, endpoint.off_reason, endpoint.off_at = False, reason, now
    endpoint.save(update_fields=("enabled", "off_reason", "off_at"))
    pending = WebhookDelivery.objects.filter(endpoint=endpoint, state=WebhookDelivery.State.PENDING)
    pending.exclude(event=PING).update(
        state=WebhookDelivery.State.FAILED, fault="disabled", finished_at=now, claim_token=None
    )
