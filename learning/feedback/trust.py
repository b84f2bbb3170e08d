"""How far a person's word counts: a Beta posterior over how often they were right. Pure functions.

The posterior of "right" after r right and w wrong answers on a Beta(a, b) prior is Beta(a + r, b + w). A person is
believed by its *lower bound* (5 % quantile), so that few answers count little: five right ones in a row are needed
before a user is trusted at all, and somebody who flips every answer never is.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import comb

WINDOW = 100  # the last so many decided items
TAIL = 0.05
TRUSTED, VERY_TRUSTED = 0.6, 0.8  # lower bounds from which on a person is trusted: medium, high
USER_PRIOR = (1, 1)  # nothing is known: lower bound 0.05
MODERATOR_PRIOR = (9, 1)  # chosen and trained: lower bound 0.72, until known cases say otherwise


def beta_cdf(x: float, a: int, b: int) -> float:
    """P(Beta(a, b) ≤ x) for whole a and b: the chance of at least `a` successes in a + b - 1 trials (DLMF 8.17.5)."""
    trials = a + b - 1
    return sum(comb(trials, k) * x**k * (1 - x) ** (trials - k) for k in range(a, trials + 1))


@lru_cache(maxsize=4096)
def beta_quantile(p: float, a: int, b: int) -> float:
    """The x with beta_cdf(x, a, b) = p, by bisection to 1e-9."""
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if beta_cdf(middle, a, b) < p else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed about a person after so many right and wrong answers."""

    right: int
    wrong: int
    prior: tuple[int, int] = USER_PRIOR

    @property
    def mean(self) -> float:
        """The chance that the next answer is right."""
        return (self.prior[0] + self.right) / (sum(self.prior) + self.right + self.wrong)

    @property
    def lower(self) -> float:
        """With 95 % certainty the person is right at least this often."""
        return beta_quantile(TAIL, self.prior[0] + self.right, self.prior[1] + self.wrong)

    @property
    def level(self) -> str:
        """What is shown, since nobody understands the number: low, medium or high."""
        return level_of(self.lower)


def level_of(lower: float) -> str:
    """The word for a lower bound."""
    if lower >= VERY_TRUSTED:
        return "high"
    return "medium" if lower >= TRUSTED else "low"


def is_trusted(lower: float) -> bool:
    """May this person's word make a label?"""
    return lower >= TRUSTED
