"""What django-q2 calls, by dotted path; each answers None."""

from learning.feedback import labels, reporters


def catch_up() -> None:
    """Read what moderators decided since the last time."""
    labels.catch_up()


def rebuild() -> None:
    """Settle everything anew: deleted accounts and media take their part of the evidence with them."""
    labels.rebuild_soon(labels.everything())


def rebuild_some(hashes: list[str]) -> None:
    """These subjects."""
    labels.rebuild(hashes)


def refresh_reporters() -> None:
    """Everybody's trust, which also follows from who is a moderator now."""
    reporters.refresh_all(reporters.everybody())
