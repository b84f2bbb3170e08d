"""Which case comes first.

    priority = uncertainty × disagreement × trust × waiting

    uncertainty    0.5 + u,  u = 1 − |2·P(fake) − 1|: 1 where P(fake) is a half, 0 where the verdict is certain
    disagreement   0.5 + d,  d = twice the standard deviation of the members' P(fake), weighted by the gate, in [0, 1]
    trust          0.5 + t,  t = how often the reporter was right (0.5 for a newcomer); 1 where nobody reported it
    waiting        2 ^ days since the case began to wait: a day doubles it, so that nothing waits for ever

Stored is rank = log2(uncertainty × disagreement × trust) − (the day on which it began to wait). The logarithm of the
priority at any moment is rank + (today's day), the same addition for every case: the order by rank is the order by
priority, now and always, and an index holds it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ml_core.verdict import disagreement as apart

DAY = 86_400.0
NEUTRAL_TRUST = 0.5


@dataclass(frozen=True, slots=True)
class Factors:
    """The measured parts, each in [0, 1]."""

    uncertainty: float
    disagreement: float
    trust: float | None = None

    @property
    def base(self) -> float:
        """The priority of a case that has not waited yet: 0.125 at least, 3.375 at most."""
        trust = NEUTRAL_TRUST if self.trust is None else self.trust
        return (0.5 + self.uncertainty) * (0.5 + self.disagreement) * (0.5 + trust)

    def rank(self, since: datetime) -> float:
        """What the queue is ordered by, highest first."""
        return math.log2(self.base) - day(since)


def day(moment: datetime) -> float:
    """Days since 1970, with their fraction."""
    return moment.timestamp() / DAY


def priority(rank: float, now: datetime) -> float:
    """The product of the four factors at this moment."""
    return float(2.0 ** (rank + day(now)))


def uncertainty(p_fake: float | None) -> float:
    """1 at P(fake) = 0.5, 0 at the ends; without a number nothing is known."""
    return 1.0 if p_fake is None else 1.0 - abs(2.0 * p_fake - 1.0)


def disagreement(members: Mapping[str, Mapping[str, Any] | None]) -> float:
    """How far the members that answered are apart, in [0, 1]: `ml_core.verdict.disagreement`."""
    present = [score for score in members.values() if score is not None]
    return apart([(float(score["p_fake"]), float(score["weight"])) for score in present])
