"""Rows of deliveries and the tasks that wake a worker for them. Inside `atomic()` both are there, or neither."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from detection import queue
from detection.models import Detection
from detection.webhooks.events import PING, envelope
from detection.webhooks.models import WebhookDelivery, WebhookEndpoint

TASK = "detection.webhooks.tasks.deliver"
CLUSTER = "light"
SWEEP_AT_ONCE = 200


def put(endpoint: WebhookEndpoint, event: str, data: dict[str, Any], detection: Detection | None) -> WebhookDelivery:
    """One event for one endpoint, on its way at once."""
    event_id, now = uuid.uuid4(), timezone.now()
    return _add(endpoint, event, event_id, envelope(event, event_id, now, data), now, detection, by_hand=event == PING)


def put_again(old: WebhookDelivery) -> WebhookDelivery:
    """The same bytes under the same event id once more: the receiver can tell that it has seen it."""
    added = _add(old.endpoint, old.event, old.event_id, old.body, timezone.now(), old.detection, by_hand=True)
    added.redelivery_of = old
    added.save(update_fields=("redelivery_of",))
    return added


def _add(
    endpoint: WebhookEndpoint,
    event: str,
    event_id: uuid.UUID,
    body: str,
    now: datetime,
    detection: Detection | None,
    *,
    by_hand: bool,
) -> WebhookDelivery:
    delivery = WebhookDelivery.objects.create(
        endpoint=endpoint,
        event=event,
        event_id=event_id,
        detection=detection,
        body=body,
        by_hand=by_hand,
        created_at=now,
        next_attempt_at=now,
    )
    wake(delivery)
    return delivery


@transaction.atomic
def wake(delivery: WebhookDelivery) -> None:
    """Enqueue its task. One too many is harmless: only one of them can claim the row."""
    delivery.task_id = async_task(TASK, str(delivery.pk), cluster=CLUSTER)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(task_id=delivery.task_id)


def wake_due() -> int:
    """Enqueue what is due and has no task any more: retries, and whatever the queue lost."""
    due = WebhookDelivery.objects.filter(
        state=WebhookDelivery.State.PENDING, next_attempt_at__lte=timezone.now()
    ).order_by("next_attempt_at")[:SWEEP_AT_ONCE]
    waiting = list(due.only("pk", "task_id"))
    alive = queue.live_tasks(CLUSTER) if waiting else set()
    forgotten = [delivery for delivery in waiting if delivery.task_id not in alive]
    for delivery in forgotten:
        wake(delivery)
    return len(forgotten)


def forget_older_than(days: int) -> int:
    """The log's end: deliveries that ended so long ago are removed."""
    old = WebhookDelivery.objects.filter(finished_at__lt=timezone.now() - timedelta(days=days))
    return int(old.delete()[0])
