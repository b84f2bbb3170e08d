"""What django-q2 calls, by dotted path. Each takes ids only and answers None: a result that cannot be pickled would
never be acknowledged."""

import uuid

from detection import housekeeping, pipeline


def run_detection(detection_id: str) -> None:
    """One attempt at one detection."""
    pipeline.run_detection(uuid.UUID(detection_id))


def reap() -> None:
    """Bring back what crashes left behind."""
    housekeeping.reap()


def purge() -> None:
    """Remove the bytes of media that is too old to keep."""
    housekeeping.purge()


def canary() -> None:
    """Nothing: that it was run shows the supervisor that its workers are alive."""
