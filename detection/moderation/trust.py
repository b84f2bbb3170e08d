"""How often somebody who disputes results was right."""

from detection.models import Detection
from detection.moderation.models import ModerationCase
from detection.moderation.words import VERDICT_OF_LABEL, State

LAST = 100  # decided reports count
PRIOR_RIGHT, PRIOR_ALL = 2, 4  # a newcomer is right half of the time


def trust_of(reporter_id: int) -> float:
    """The share of this person's last decided reports in which people agreed that the machine was wrong, with a Beta
    prior, so that nobody starts at the ends. Doubtful verdicts tell nothing about who disputes them."""
    judged = ModerationCase.objects.filter(
        is_gold=False,
        state=State.DECIDED,
        detection__reports__reporter_id=reporter_id,
        detection__label__in=(Detection.Label.FAKE, Detection.Label.REAL),
    ).order_by("-decided_at")
    outcomes = list(judged.values_list("detection__label", "verdict")[:LAST])
    right = sum(verdict != VERDICT_OF_LABEL[label] for label, verdict in outcomes)
    return (right + PRIOR_RIGHT) / (len(outcomes) + PRIOR_ALL)


def level(trust: float | None) -> str:
    """In words: nobody understands the number."""
    if trust is None:
        return "nobody reported it"
    return "low" if trust < 0.4 else "high" if trust > 0.6 else "medium"
