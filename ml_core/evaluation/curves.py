"""The points of the plots: computed once, drawn as PNG by `plots` and as SVG by the site."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml_core.evaluation.bootstrap import BINS
from ml_core.evaluation.figures import families, sample_of, usable
from ml_core.evaluation.scores import Row
from ml_core.training import metrics

POINTS = 80  # of a curve: more is not seen
FEWEST_IN_A_BIN = 5

Curves = dict[str, Any]


def curves(rows: Sequence[Row]) -> Curves:
    """Reliability, ROC and risk-coverage as lists of points, and what was said by family."""
    ok = usable(rows)
    by_source = {source: [row for row in ok if row["source"] == source] for source in sorted({r["source"] for r in ok})}
    return {
        "reliability": {
            name: reliability(part) for name, part in {"all": ok, **by_source}.items() if len(part) >= BINS
        },
        "roc": {source: found for source, part in by_source.items() if (found := roc(part))},
        "risk_coverage": {name: risk_coverage(part) for name, part in {"all": ok, **by_source}.items() if part},
        "said": said(by_source),
    }


def reliability(rows: Sequence[Row]) -> list[list[float]]:
    """[mean P(fake), share of fakes, items] of bins of equal mass."""
    sample = sample_of(rows)
    count = min(BINS, len(rows) // FEWEST_IN_A_BIN) or 1
    bins = np.array_split(np.argsort(sample.p, kind="stable"), count)
    return [[_short(sample.p[b].mean()), _short(sample.truth[b].mean()), len(b)] for b in bins if len(b)]


def roc(rows: Sequence[Row]) -> list[list[float]]:
    """[false alarms, hits] from (0, 0) to (1, 1); nothing where a class is missing."""
    sample = sample_of(rows)
    if sample.truth.all() or not sample.truth.any():
        return []
    alarms, hits, _ = metrics.roc(sample.truth, sample.p)
    return _thinned(np.stack([alarms, hits], axis=1))


def risk_coverage(rows: Sequence[Row]) -> list[list[float]]:
    """[share judged, share wrong among them] as ever less sure answers are taken in (Geifman & El-Yaniv 2017)."""
    sample = sample_of(rows)
    order = np.argsort(-np.abs(sample.p - 0.5), kind="stable")
    wrong = np.cumsum(((sample.p >= 0.5) != sample.truth)[order])
    count = np.arange(1, len(order) + 1)
    return _thinned(np.stack([count / len(order), wrong / count], axis=1))


def said(by_source: dict[str, list[Row]]) -> list[dict[str, Any]]:
    """For the reals of each source and for each of its families: how many were called REAL, INCONCLUSIVE, FAKE."""
    found = []
    for source, rows in by_source.items():
        reals = [row for row in rows if row["label"] == "real"]
        found += [_said(source, "real", reals)] if reals else []
    for name, rows in families(by_source).items():
        source, _, family = name.partition("/")
        found.append(_said(source, family, [row for row in rows if row["label"] == "fake"]))
    return sorted(found, key=lambda row: (row["source"], row["family"] != "real", row["family"]))


def _said(source: str, family: str, rows: Sequence[Row]) -> dict[str, Any]:
    counts = {label: sum(row["label_given"] == label for row in rows) for label in ("REAL", "INCONCLUSIVE", "FAKE")}
    return {"source": source, "family": family, "items": len(rows), **counts}


def _thinned(points: metrics.Floats) -> list[list[float]]:
    chosen = np.unique(np.linspace(0, len(points) - 1, min(POINTS, len(points))).round().astype(int))
    return [[_short(value) for value in point] for point in points[chosen]]


def _short(value: Any) -> float:
    return round(float(value), 4)
