"""What django-q2 calls, by dotted path; ids only, None as the answer."""

import uuid

from django.conf import settings

from detection.webhooks import delivery, notices, outbox


def deliver(delivery_id: str) -> None:
    """One attempt at one delivery."""
    delivery.attempt(uuid.UUID(delivery_id))


def sweep() -> None:
    """Wake what is due; the queue may have lost it."""
    outbox.wake_due()


def forget() -> None:
    """Remove what the log need not keep any longer."""
    outbox.forget_older_than(settings.DEEPFAKE_WEBHOOK_LOG_DAYS)


def mail_disabled(endpoint_id: str) -> None:
    """Tell the owner that a webhook was switched off."""
    notices.mail_disabled(uuid.UUID(endpoint_id))
