"""Metrics over P(fake): plain functions of two arrays, `truth` (1 = fake) and `p` in [0, 1], both (N,).

Each is tested against scikit-learn. A metric that needs both classes is NaN where one is missing.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]
Metric = Callable[[Truth, Floats], float]


def auc(truth: Truth, p: Floats) -> float:
    """Area under the ROC curve: the chance that a fake scores above a real; ties count half (Hanley & McNeil 1982)."""
    fakes, reals = int(truth.sum()), int((~truth).sum())
    if not fakes or not reals:
        return float("nan")
    _, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]  # average rank of ties, from 1
    return float((ranks[truth].sum() - fakes * (fakes + 1) / 2) / (fakes * reals))


def roc(truth: Truth, p: Floats) -> tuple[Floats, Floats, Floats]:
    """False and true positive rates at every distinct threshold, falling; starts at (0, 0)."""
    order = np.argsort(-p, kind="stable")
    last_of_tie = np.append(np.diff(p[order]) != 0, True)
    hits = np.cumsum(truth[order])[last_of_tie] / max(1, truth.sum())
    alarms = np.cumsum(~truth[order])[last_of_tie] / max(1, (~truth).sum())
    return np.append(0.0, alarms), np.append(0.0, hits), np.append(np.inf, p[order][last_of_tie])


def average_precision(truth: Truth, p: Floats) -> float:
    """Sum over thresholds of precision times the gain in recall, fakes being the positives."""
    if not truth.any():
        return float("nan")
    order = np.argsort(-p, kind="stable")
    last_of_tie = np.append(np.diff(p[order]) != 0, True)
    hits = np.cumsum(truth[order])[last_of_tie]
    precision = hits / (np.flatnonzero(last_of_tie) + 1)
    return float(np.sum(np.diff(np.append(0, hits / truth.sum())) * precision))


def equal_error_rate(truth: Truth, p: Floats) -> float:
    """Where false alarms and misses are equal, interpolated between thresholds."""
    if truth.all() or not truth.any():
        return float("nan")
    alarms, hits, _ = roc(truth, p)
    gap = alarms - (1 - hits)  # rises from -1 to 1
    after = int(np.argmax(gap >= 0))
    before = after - 1
    share = -gap[before] / (gap[after] - gap[before])
    return float(alarms[before] + share * (alarms[after] - alarms[before]))


def hits_at_alarms(truth: Truth, p: Floats, limit: float) -> float:
    """True positive rate at the lowest threshold whose false positive rate is at most `limit`."""
    if truth.all() or not truth.any():
        return float("nan")
    alarms, hits, _ = roc(truth, p)
    return float(hits[alarms <= limit].max())


def expected_calibration_error(truth: Truth, p: Floats, bins: int = 15) -> float:
    """Mean gap between P(fake) and the share of fakes, over bins of equal mass (Nguyen & O'Connor 2015)."""
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(abs(p[part].mean() - truth[part].mean()) * len(part) for part in parts) / max(1, len(p)))


def brier(truth: Truth, p: Floats) -> float:
    """Mean squared error of the probability (Brier 1950)."""
    return float(np.mean((p - truth) ** 2)) if len(p) else float("nan")


def rate(part: NDArray[np.bool_]) -> float:
    """The share that is true, NaN of nothing."""
    return float(part.mean()) if len(part) else float("nan")


def summary(truth: Truth, p: Floats, low: float, high: float, threshold: float = 0.5) -> dict[str, float]:
    """All figures of one slice; `low` and `high` are the edges of the INCONCLUSIVE region."""
    called = p >= threshold
    decided = (p <= low) | (p >= high)
    recall, precision = rate(called[truth]), rate(truth[called])
    return {
        "items": len(p),
        "fakes": int(truth.sum()),
        "accuracy": rate(called == truth),
        "accuracy_real": rate(~called[~truth]),
        "accuracy_fake": recall,
        "balanced_accuracy": (rate(~called[~truth]) + recall) / 2,
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision + recall > 0 else float("nan"),
        "auc": auc(truth, p),
        "average_precision": average_precision(truth, p),
        "eer": equal_error_rate(truth, p),
        "tpr_at_1_fpr": hits_at_alarms(truth, p, 0.01),
        "tpr_at_5_fpr": hits_at_alarms(truth, p, 0.05),
        "false_alarms": rate(p[~truth] >= high),
        "fakes_not_called_real": rate(p[truth] > low),
        "ece": expected_calibration_error(truth, p),
        "brier": brier(truth, p),
        "coverage": rate(decided),
        "accuracy_outside_inconclusive": rate((called == truth)[decided]),
    }


def interval(metric: Metric, truth: Truth, p: Floats, rounds: int = 500, seed: int = 0) -> tuple[float, float]:
    """The bootstrap's 95 % interval of a metric: items drawn with replacement (Efron 1979, percentile method)."""
    rng = np.random.default_rng(seed)
    draws = (rng.integers(0, len(p), len(p)) for _ in range(rounds))
    values = [metric(truth[draw], p[draw]) for draw in draws]
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
