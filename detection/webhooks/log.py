"""A delivery as its page shows it."""

import json
from dataclasses import dataclass
from datetime import datetime

from detection.webhooks.errors import FAULTS
from detection.webhooks.models import WebhookDelivery

TONES = {"pending": "neutral", "delivered": "real", "failed": "fake"}
SHAPES = {"pending": "queued", "delivered": "REAL", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt that ended."""

    at: datetime
    outcome: str
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page needs beside the row."""

    body: str
    fault: str
    tries: list[Try]


def shown(delivery: WebhookDelivery) -> Shown:
    """The body indented, and every attempt in words."""
    tries = [Try(datetime.fromisoformat(one["at"]), outcome(one), one["duration_ms"]) for one in delivery.tries]
    body = json.dumps(json.loads(delivery.body), indent=2)
    return Shown(body, FAULTS.get(delivery.fault, ""), tries)


def outcome(attempt: dict[str, str | int | None]) -> str:
    """The status that came back, or why none did."""
    if attempt["status"] is not None:
        return f"HTTP {attempt['status']}"
    return FAULTS.get(str(attempt["fault"]), str(attempt["fault"]))
