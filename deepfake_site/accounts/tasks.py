"""What django-q2 calls, by dotted path; None as the answer."""

from deepfake_site.accounts import retention
from deepfake_site.accounts.session_store import SessionStore


def clear_sessions() -> None:
    """Remove sessions that have expired."""
    SessionStore.clear_expired()


def purge_chosen() -> None:
    """Remove files that their owners want removed by now."""
    retention.purge_chosen()
