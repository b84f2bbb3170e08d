"""The status of a detection as server-sent events.

event: status   what `GET /detections/{id}` calls status, stage and position, whenever one of them changes
event: over     the same, once, at the end: nothing follows

A stream ends after a while, or at once where too many are open: an EventSource then asks again by itself.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

from detection.api.waiting import refresh, slot
from detection.models import Detection
from detection.progress import progress

LONGEST = 60.0  # seconds
POLL = 0.5
SILENCE = 10.0  # seconds after which a comment shows that the line is alive
ASK_AGAIN = 2000  # milliseconds


def stream(detection: Detection) -> Iterator[str]:
    """The lines of the answer."""
    yield f"retry: {ASK_AGAIN}\n\n"
    said = news(detection)
    yield event(detection, said)
    end, spoke = time.monotonic() + LONGEST, time.monotonic()
    with slot() as free:
        while free and not detection.is_over and time.monotonic() < end:
            time.sleep(POLL)
            if not current(detection):
                return
            if (now := news(detection)) != said:
                said, spoke = now, time.monotonic()
                yield event(detection, said)
            elif time.monotonic() - spoke > SILENCE:
                spoke = time.monotonic()
                yield ": still here\n\n"


def current(detection: Detection) -> bool:
    """The row as it is now; False where it was deleted. The stage changes without the state."""
    if not refresh(detection):
        return False
    if not detection.is_over:
        detection.refresh_from_db(fields=["stage", "state", "started_at", "finished_at"])
    return True


def news(detection: Detection) -> dict[str, Any]:
    """What the program is told."""
    known = progress(detection)
    return {
        "id": str(detection.pk),
        "status": known["state"],
        "stage": known["stage"],
        "position": known["position"],
        "label": detection.label or None,
        "error": known["error"],
    }


def event(detection: Detection, said: dict[str, Any]) -> str:
    """One event, named by whether more can follow."""
    return f"event: {'over' if detection.is_over else 'status'}\ndata: {json.dumps(said)}\n\n"
