"""What django-q2 calls, by dotted path; ids only, None as the answer."""

import uuid

from deepfake_site.exports import notices, services


def make(export_id: str) -> None:
    """Write one archive."""
    services.make(uuid.UUID(export_id))


def tell(export_id: str) -> None:
    """Mail its owner."""
    notices.tell(uuid.UUID(export_id))


def sweep() -> None:
    """Housekeeping of exports."""
    services.sweep()
