"""What django-q2 calls, by dotted path. Ids only; the answer is None."""

from learning.retraining import bridge, housekeeping, notices


def run_training(run_id: int) -> None:
    """One attempt at one run (cluster: training)."""
    bridge.run_training(run_id)


def tick() -> None:
    """Every minute: what crashed goes on, what is due starts."""
    housekeeping.tick()


def announce(run_id: int) -> None:
    """The mail about a run that is over."""
    notices.announce(run_id)
