"""All figures that follow from the rows of a scores.csv, and from nothing else."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ml_core.datatypes import MEMBERS
from ml_core.evaluation.bootstrap import FAKE, METRICS, REAL, ROUNDS, UNSURE, Floats, Sample, intervals, point
from ml_core.evaluation.scores import Row

SAID = {"FAKE": FAKE, "REAL": REAL}
OF_A_MEMBER = ("accuracy", "balanced_accuracy", "accuracy_real", "accuracy_fake", "auc", "eer", "ece", "brier")
SIZES = ((0, 64), (64, 128), (128, 256), (256, math.inf))  # width of the deciding face in pixels of the original
NARROWEST = 1e-9  # P(fake) of a member is written with nine digits

Figures = dict[str, Any]


def usable(rows: Iterable[Row]) -> list[Row]:
    """The rows that count: judged, and with a known truth."""
    return [row for row in rows if row["status"] == "ok" and row["label"] in ("real", "fake")]


def sample_of(rows: Sequence[Row], column: str = "p_fake") -> Sample:
    """The rows as arrays; a column of a member gives its own P(fake), and says FAKE from 0.5."""
    return _sample(rows, np.array([float(row[column]) for row in rows], np.float64), own=column != "p_fake")


def _sample(rows: Sequence[Row], p: Floats, own: bool) -> Sample:
    truth = np.array([row["label"] == "fake" for row in rows], bool)
    given = [SAID.get(row["label_given"], UNSURE) for row in rows]
    said = np.where(p >= 0.5, FAKE, REAL) if own else np.array(given, np.int64)
    _, groups = np.unique([f"{row['source']}\t{row['group']}" for row in rows], return_inverse=True)
    return Sample(truth, p, said.astype(np.int64), groups.astype(np.int64))


def plain_mean(rows: Sequence[Row]) -> Sample:
    """What the plain mean of the present members' logits says: what the gate has to beat."""
    means = []
    for row in rows:
        own = np.clip([float(row[name]) for name in MEMBERS if row[name]], NARROWEST, 1 - NARROWEST)
        means.append(np.log(own / (1 - own)).mean())
    return _sample(rows, 1 / (1 + np.exp(-np.array(means, np.float64))), own=True)


def figures(rows: Sequence[Row], details: Sequence[Row] = (), rounds: int = ROUNDS) -> Figures:
    """Everything per source, family, member and face size; what was not judged is counted."""
    ok = usable(rows)
    sources = sorted({row["source"] for row in ok})
    by_source = {source: [row for row in ok if row["source"] == source] for source in sources}
    report: Figures = {
        "items": len(rows),
        "status": dict(Counter(row["status"] for row in rows)),
        "unlabelled": sum(row["status"] == "ok" for row in rows) - len(ok),
        "not_judged": _not_judged(rows),
        "sources": {source: summary(sample_of(part), rounds=rounds) for source, part in by_source.items()},
        "families": {name: summary(sample_of(part), rounds=rounds) for name, part in families(by_source).items()},
        "members": {source: _members(part, rounds) for source, part in by_source.items()},
        "plain_mean": {s: summary(plain_mean(part), OF_A_MEMBER, rounds) for s, part in by_source.items()},
        "weights": {source: _weights(part) for source, part in by_source.items()},
        "sizes": {name: summary(sample_of(part), rounds=rounds) for name, part in by_size(ok, details).items()},
    }
    if ok:
        report["all"] = summary(sample_of(ok), rounds=rounds)
        report["of_sources"] = _mean_of_sources(report["sources"])
    return report


def summary(sample: Sample, names: Sequence[str] = tuple(METRICS), rounds: int = ROUNDS) -> Figures:
    """The metrics of one slice with their 95 % intervals; None where one needs a class that is missing."""
    values: Figures = {"items": len(sample.p), "fakes": int(sample.truth.sum())}
    values |= {name: _plain(point(METRICS[name], sample)) for name in names}
    found = intervals(sample, names, rounds)
    return values | {"intervals": {name: [_plain(value) for value in found[name]] for name in names}}


def _plain(value: float) -> float | None:
    """JSON knows no NaN; six digits are more than any interval allows."""
    return round(value, 6) if math.isfinite(value) else None


def families(by_source: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """The fakes of each family with all reals of its source."""
    found = {}
    for source, rows in by_source.items():
        reals = [row for row in rows if row["label"] == "real"]
        for family in sorted({row["family"] for row in rows if row["label"] == "fake"}):
            fakes = [row for row in rows if row["label"] == "fake" and row["family"] == family]
            found[f"{source}/{family or 'unnamed'}"] = reals + fakes
    return found


def _members(rows: Sequence[Row], rounds: int) -> dict[str, Figures | None]:
    present = {name: [row for row in rows if row[name]] for name in MEMBERS}
    return {n: summary(sample_of(part, n), OF_A_MEMBER, rounds) if part else None for n, part in present.items()}


def _weights(rows: Sequence[Row]) -> dict[str, float | None]:
    """The gate's mean weight of each member, over the items that the member answered."""
    found = {name: [float(row[f"w_{name}"]) for row in rows if row[f"w_{name}"]] for name in MEMBERS}
    return {name: round(float(np.mean(values)), 4) if values else None for name, values in found.items()}


def by_size(rows: Sequence[Row], details: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by the width of the face that decided, as far as details.csv knows it."""
    widths = {(row["source"], row["path"]): float(row["face_px"]) for row in details if row["face_px"]}
    found = {}
    for low, high in SIZES:
        inside = [row for row in rows if low <= widths.get((row["source"], row["path"]), -1) < high]
        if inside:
            found[f"{low} px and more" if math.isinf(high) else f"{low}–{high} px"] = inside
    return found


def _not_judged(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    counts = Counter((row["source"], row["status"]) for row in rows if row["status"] != "ok")
    return {
        source: {s: n for (of, s), n in counts.items() if of == source} for source in sorted({k[0] for k in counts})
    }


def _mean_of_sources(sources: Mapping[str, Figures]) -> dict[str, float | None]:
    """Each metric's mean over the sources that have it: a large source does not drown a small one."""
    found: dict[str, float | None] = {}
    for name in METRICS:
        values = [values[name] for values in sources.values() if values[name] is not None]
        found[name] = round(float(np.mean(values)), 6) if values else None
    return found
