"""The paired bootstrap of the difference of two AUCs, by groups: a fake and the original it was made from go together.

Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), percentile interval; a draw is a weight for every group,
and one pass over the ranks gives the AUC of many draws at once.
"""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.registry.scores import Flags, Floats, Pair

CHUNK = 500_000  # numbers held at once


@dataclass(frozen=True, slots=True)
class Difference:
    """Candidate minus champion: the two AUCs, and the 95 % interval of their difference; NaN without both classes."""

    champion: float
    candidate: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """How much better the candidate is."""
        return self.candidate - self.champion


class Ranks:
    """One version's answers in their order, ready to be weighed again and again."""

    def __init__(self, fake: Flags, p: Floats) -> None:
        self.order = np.argsort(p, kind="stable")
        self._fake = fake[self.order]
        self._starts = np.flatnonzero(np.append(True, np.diff(p[self.order]) != 0))
        self._tied = len(self._starts) < len(p)

    def auc(self, weights: Floats) -> Floats:
        """(B, N) weights in this order → (B,): the chance that a fake scores above a real, ties half; NaN without."""
        reals = weights * ~self._fake
        fakes = weights * self._fake
        if self._tied:
            fakes, reals = (np.add.reduceat(part, self._starts, axis=1) for part in (fakes, reals))
        below = np.cumsum(reals, axis=1) - reals / 2
        pairs = fakes.sum(axis=1) * reals.sum(axis=1)
        won = np.einsum("ij,ij->i", fakes, below)
        return np.asarray(np.divide(won, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0))


def compare(pair: Pair, name: str, rounds: int, seed: int) -> Difference:
    """The two AUCs and the interval. The draws depend on seed and name only: a slice's bound stands by itself."""
    if not pair.fake.any() or pair.fake.all():
        return Difference(*(float("nan"),) * 4)
    first, second = (Ranks(pair.fake, side.p) for side in (pair.champion, pair.candidate))
    once = np.ones((1, len(pair.fake)))
    groups, place = np.unique(pair.champion.group, return_inverse=True)
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    step = max(1, CHUNK // len(pair.fake))
    draws = (_draw(rng, len(groups), min(step, rounds - done)) for done in range(0, rounds, step))
    differences = np.concatenate(
        [second.auc(draw[:, place[second.order]]) - first.auc(draw[:, place[first.order]]) for draw in draws]
    )
    known = differences[np.isfinite(differences)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
    return Difference(float(first.auc(once)[0]), float(second.auc(once)[0]), float(low), float(high))


def _draw(rng: np.random.Generator, groups: int, rounds: int) -> NDArray[np.float64]:
    """(B, G): how often each group is drawn when as many are drawn as there are."""
    picks = rng.integers(groups, size=(rounds, groups)) + groups * np.arange(rounds)[:, None]
    return np.bincount(picks.ravel(), minlength=rounds * groups).reshape(rounds, groups).astype(np.float64)
