"""What the services call when something has happened, in the same transaction: no event without its fact, no fact
without its event."""

import uuid
from datetime import datetime
from typing import Any

from detection.models import Detection
from detection.webhooks import outbox
from detection.webhooks.events import CASE_DECIDED, OF_STATE, detection_data
from detection.webhooks.models import WebhookEndpoint


def detection_finished(detection: Detection) -> None:
    """A detection is done, failed or cancelled: tell its owner's endpoints."""
    event = OF_STATE[Detection.State(detection.state)]
    for endpoint in _listening(detection.owner_id, event):
        outbox.put(endpoint, event, detection_data(detection), detection)


def case_decided(
    detection: Detection, *, case: int | str | uuid.UUID, verdict: str, kind: str, decided_at: datetime
) -> None:
    """Moderation has decided about a detection: `verdict` and `kind` as they stand in the decision."""
    decision: dict[str, Any] = {
        "case": {"id": str(case), "verdict": verdict, "kind": kind or None, "decided_at": decided_at.isoformat()}
    }
    for endpoint in _listening(detection.owner_id, CASE_DECIDED):
        outbox.put(endpoint, CASE_DECIDED, decision | detection_data(detection), detection)


def _listening(owner_id: int, event: str) -> list[WebhookEndpoint]:
    """In Python, since SQLite cannot look into a JSON list, and nobody has many endpoints."""
    enabled = WebhookEndpoint.objects.filter(owner_id=owner_id, enabled=True)
    return [endpoint for endpoint in enabled if event in endpoint.events]
