"""Metrics with bootstrap intervals: groups are drawn with replacement, since items of a group resemble each other.

A draw is a weight for every item (how often its group was drawn), so that all draws are computed at once: weights are
(R, N) arrays, metrics give (R,). With all weights one, a metric is the plain one. Davison & Hinkley, "Bootstrap
Methods and their Application" (1997), chapter 3.8; percentile intervals. A metric is NaN where it needs a class that
is missing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ROUNDS = 1000
BLOCK = 2_000_000  # weights held at a time
BINS = 15
UNSURE, REAL, FAKE = -1, 0, 1


@dataclass(frozen=True)
class Sample:
    """N items: the truth, P(fake), what was said (FAKE, REAL, UNSURE) and codes of their groups, each (N,)."""

    truth: NDArray[np.bool_]
    p: Floats
    said: NDArray[np.int64]
    groups: NDArray[np.int64]

    def where(self, inside: NDArray[np.bool_] | NDArray[np.int64]) -> "Sample":
        """Some of the items, by a mask or by position."""
        return Sample(self.truth[inside], self.p[inside], self.said[inside], self.groups[inside])

    @cached_property
    def falling(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The items by falling P(fake), and where in this order each distinct value starts."""
        order = np.argsort(-self.p, kind="stable")
        return order, np.flatnonzero(np.append(True, np.diff(self.p[order]) != 0))


Metric = Callable[[Sample, Floats], Floats]


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0), np.float64)


def _rate(weights: Floats, part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> Floats:
    return _ratio(weights @ (part & whole).astype(float), weights @ whole.astype(float))


def _by_value(sample: Sample, weights: Floats) -> tuple[Floats, Floats]:
    """Weight of the fakes and of the reals at each distinct value, falling: (R, U) each."""
    order, starts = sample.falling
    ranked, fakes = weights[:, order], sample.truth[order]
    return np.add.reduceat(ranked * fakes, starts, axis=1), np.add.reduceat(ranked * ~fakes, starts, axis=1)


def auc(sample: Sample, weights: Floats) -> Floats:
    """The chance that a fake scores above a real, ties counting half."""
    fakes, reals = _by_value(sample, weights)
    above = np.cumsum(fakes, axis=1) - fakes / 2
    return _ratio((reals * above).sum(axis=1), fakes.sum(axis=1) * reals.sum(axis=1))


def average_precision(sample: Sample, weights: Floats) -> Floats:
    """Sum over thresholds of precision times the gain in recall."""
    fakes, reals = _by_value(sample, weights)
    hits, all_ = np.cumsum(fakes, axis=1), np.cumsum(fakes + reals, axis=1)
    precision = np.divide(hits, all_, out=np.zeros_like(hits), where=all_ > 0)
    return _ratio((fakes * precision).sum(axis=1), fakes.sum(axis=1))


def _curve(sample: Sample, weights: Floats) -> tuple[Floats, Floats]:
    """False and true positive rates from (0, 0) on: (R, U + 1) each; NaN without one of the classes."""
    rates = []
    for values in _by_value(sample, weights)[::-1]:
        counts = np.cumsum(values, axis=1)
        rates.append(np.pad(_ratio(counts, np.repeat(counts[:, -1:], counts.shape[1], axis=1)), ((0, 0), (1, 0))))
    return rates[0], rates[1]


def equal_error_rate(sample: Sample, weights: Floats) -> Floats:
    """Where false alarms and misses are equal, interpolated between thresholds."""
    alarms, hits = _curve(sample, weights)
    gap = alarms - (1 - hits)  # rises from -1 to 1
    after = np.argmax(gap >= 0, axis=1)[:, None]
    low, high = np.take_along_axis(gap, after - 1, 1), np.take_along_axis(gap, after, 1)
    share = np.divide(-low, high - low, out=np.full(low.shape, np.nan), where=high > low)
    left, right = np.take_along_axis(alarms, after - 1, 1), np.take_along_axis(alarms, after, 1)
    return np.asarray((left + share * (right - left))[:, 0], np.float64)


def hits_at_alarms(limit: float) -> Metric:
    """True positive rate at the lowest threshold whose false positive rate is at most `limit`."""

    def metric(sample: Sample, weights: Floats) -> Floats:
        alarms, hits = _curve(sample, weights)
        best = np.where(alarms <= limit, hits, 0).max(axis=1)
        return np.where(np.isnan(alarms[:, -1]) | np.isnan(hits[:, -1]), np.nan, best)

    return metric


def expected_calibration_error(sample: Sample, weights: Floats) -> Floats:
    """Mean gap between P(fake) and the share of fakes over 15 bins of equal mass (Nguyen & O'Connor 2015)."""
    order, _ = sample.falling
    ranked = weights[:, order[::-1]]
    gaps = ranked * (sample.p - sample.truth)[order[::-1]]
    total = ranked.sum(axis=1, keepdims=True)
    bins = np.minimum(
        ((np.cumsum(ranked, axis=1) - ranked / 2) / np.maximum(total, 1e-12) * BINS).astype(int), BINS - 1
    )
    sums = [np.abs((gaps * (bins == number)).sum(axis=1)) for number in range(BINS)]
    return _ratio(np.sum(sums, axis=0), total[:, 0])


def brier(sample: Sample, weights: Floats) -> Floats:
    """Mean squared error of the probability."""
    return _ratio(weights @ (sample.p - sample.truth) ** 2, weights.sum(axis=1))


def precision(sample: Sample, weights: Floats) -> Floats:
    """The share of fakes among what is at 0.5 or above."""
    return _rate(weights, sample.truth, sample.p >= 0.5)


def recall(sample: Sample, weights: Floats) -> Floats:
    """The share of the fakes that is at 0.5 or above: the accuracy on fakes."""
    return _rate(weights, sample.p >= 0.5, sample.truth)


def specificity(sample: Sample, weights: Floats) -> Floats:
    """The share of the reals that is below 0.5: the accuracy on reals."""
    return _rate(weights, sample.p < 0.5, ~sample.truth)


def f1(sample: Sample, weights: Floats) -> Floats:
    """The harmonic mean of precision and recall."""
    both = weights @ ((sample.p >= 0.5) & sample.truth).astype(float)
    return _ratio(2 * both, weights @ ((sample.p >= 0.5).astype(float) + sample.truth))


def _everything(sample: Sample) -> NDArray[np.bool_]:
    return np.ones(len(sample.p), bool)


METRICS: dict[str, Metric] = {
    "accuracy": lambda s, w: _rate(w, (s.p >= 0.5) == s.truth, _everything(s)),
    "balanced_accuracy": lambda s, w: (specificity(s, w) + recall(s, w)) / 2,
    "accuracy_real": specificity,
    "accuracy_fake": recall,
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "auc": auc,
    "average_precision": average_precision,
    "eer": equal_error_rate,
    "tpr_at_1_fpr": hits_at_alarms(0.01),
    "tpr_at_5_fpr": hits_at_alarms(0.05),
    "false_alarms": lambda s, w: _rate(w, s.said == FAKE, ~s.truth),
    "fakes_not_called_real": lambda s, w: _rate(w, s.said != REAL, s.truth),
    "ece": expected_calibration_error,
    "brier": brier,
    "coverage": lambda s, w: _rate(w, s.said != UNSURE, _everything(s)),
    "accuracy_outside_inconclusive": lambda s, w: _rate(w, (s.said == FAKE) == s.truth, s.said != UNSURE),
}


def draws(groups: NDArray[np.int64], rounds: int = ROUNDS, seed: int = 0) -> Iterator[Floats]:
    """Weights (R, N) of the draws, in blocks: how often the group of each item was drawn."""
    rng = np.random.default_rng(seed)
    _, codes = np.unique(groups, return_inverse=True)
    count = int(codes.max()) + 1
    size = max(1, BLOCK // len(codes))
    for first in range(0, rounds, size):
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=min(size, rounds - first))
        yield drawn[:, codes].astype(float)


def point(metric: Metric, sample: Sample) -> float:
    """The metric of the items as they are."""
    return float(metric(sample, np.ones((1, len(sample.p))))[0])


def intervals(sample: Sample, names: Sequence[str], rounds: int = ROUNDS) -> dict[str, tuple[float, float]]:
    """95 % intervals of several metrics over the same draws."""
    values: dict[str, list[Floats]] = {name: [] for name in names}
    for weights in draws(sample.groups, rounds):
        for name in names:
            values[name].append(METRICS[name](sample, weights))
    return {name: percentiles(np.concatenate(parts)) for name, parts in values.items()}


def percentiles(values: Floats) -> tuple[float, float]:
    """The middle 95 % of the values that are known."""
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
