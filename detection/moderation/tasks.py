"""What django-q2 calls, by dotted path; None as the answer."""

from detection.moderation import notices, settlement


def settle() -> None:
    """Decisions that can no longer be undone take effect; owners are told what is due."""
    settlement.settle_due()
    settlement.retire_known()
    notices.tell_due()
