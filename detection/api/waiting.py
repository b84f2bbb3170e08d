"""Waiting for a result inside a request. A waiting request holds a thread: only so many at a time may."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from django.conf import settings
from rest_framework.request import Request

from detection.models import Detection

LONGEST = 20.0  # seconds
POLL = 0.25


@cache
def slots() -> BoundedSemaphore:
    """Of this process."""
    return BoundedSemaphore(max(settings.DEEPFAKE_API_WAITERS, 1))


@contextmanager
def slot() -> Iterator[bool]:
    """True inside where a thread may be held."""
    free = slots().acquire(blocking=False)
    try:
        yield free
    finally:
        if free:
            slots().release()


def preferred_wait(request: Request) -> float | None:
    """`Prefer: wait=20` (RFC 7240): how long the program would wait; None where it would not."""
    for preference in request.headers.get("Prefer", "").replace(";", ",").split(","):
        name, _, value = preference.partition("=")
        if name.strip().lower() == "wait" and value.strip(' "').isascii() and value.strip(' "').isdecimal():
            return min(float(value.strip(' "')[:6]), LONGEST)
    return None


def wait_until_over(detection: Detection, seconds: float) -> Detection:
    """The detection as it is when it is over, or when the time is; at once where all slots are taken."""
    end = time.monotonic() + seconds
    with slot() as free:
        while free and not detection.is_over and time.monotonic() < end:
            time.sleep(min(POLL, max(end - time.monotonic(), 0)))
            if not refresh(detection):
                break
    return detection


def refresh(detection: Detection) -> bool:
    """Read its state again, and the rest once it is over; False where it was deleted."""
    state = Detection.objects.filter(pk=detection.pk).values_list("state", flat=True).first()
    if state is None:
        return False
    if state != detection.state:
        detection.refresh_from_db()
    return True
