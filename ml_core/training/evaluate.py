"""An evaluation: every item of a manifest scored, `scores.csv`, and the figures that follow from that file alone."""

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml_core.checkpoints import LoadedVersion
from ml_core.datatypes import MEMBERS
from ml_core.training import gating, metrics
from ml_core.training.answers import Answers, ask
from ml_core.training.crops import CropCache
from ml_core.training.manifest import Item
from ml_core.verdict import LABELS

COLUMNS = (
    "path", "label", "source", "family", "group", "split", "status", "p_fake", "label_given",
    *MEMBERS, *(f"w_{name}" for name in MEMBERS),
)  # fmt: skip

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Slice:
    """The scored rows of one source, family or member: truth and P(fake)."""

    truth: metrics.Truth
    p: metrics.Floats


def evaluate(
    version: LoadedVersion, items: Sequence[Item], cache: CropCache, out: Path, tier: str = "as_is"
) -> list[Row]:
    """Scores the items and writes scores.csv and metrics.json below `out`; no item is left out in silence."""
    out.mkdir(parents=True, exist_ok=True)
    rows = score(version, ask(version.members, items, cache, out, tier))
    with (out / "scores.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    edges = version.bands
    report = figures(rows, edges.real, edges.fake) | {"version": version.version, "tier": tier}
    (out / "metrics.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    return rows


def score(version: LoadedVersion, answers: Answers) -> list[Row]:
    """One row an item, in the order of the items."""
    usable = [index for index in range(len(answers.items)) if index not in answers.errors]
    seen = answers.where(usable)
    fused, weights = gating.fuse(version.gate, seen)
    p_fake = version.calibration.p_fake(fused)
    rows = [_base(item, answers.errors.get(index, "")) for index, item in enumerate(answers.items)]
    for place, index in enumerate(usable):
        own = version.calibration.member_p_fake(seen.logits[place])
        rows[index] |= {"p_fake": f"{p_fake[place]:.6f}", "label_given": LABELS[version.bands.band(p_fake[place])]}
        for position, name in enumerate(MEMBERS):
            if seen.present[place, position]:
                rows[index][name] = f"{own[position]:.6f}"
                rows[index][f"w_{name}"] = f"{weights[place, position]:.6f}"
    return rows


def _base(item: Item, error: str) -> Row:
    row = dict.fromkeys(COLUMNS, "")
    return row | {
        "path": item.name,
        "label": "fake" if item.fake else "real",
        "source": item.source,
        "family": item.family,
        "group": item.group,
        "split": item.split,
        "status": "error" if error else "ok",
    }


def read_scores(path: Path) -> list[Row]:
    """The rows of a scores.csv. Raises ValueError where a column is missing."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if rows and set(COLUMNS) - set(rows[0]):
        raise ValueError(f"{path}: columns are missing: {sorted(set(COLUMNS) - set(rows[0]))}")
    return rows


def figures(rows: Sequence[Row], low: float, high: float) -> dict[str, Any]:
    """All metrics per source, per source and family, and per source and member."""
    ok = [row for row in rows if row["status"] == "ok"]
    report: dict[str, Any] = {"refused": len(rows) - len(ok), "sources": {}, "families": {}, "members": {}}
    for source in sorted({row["source"] for row in ok}):
        inside = [row for row in ok if row["source"] == source]
        report["sources"][source] = _summary(slice_of(inside), low, high)
        report["members"][source] = {
            name: _summary(slice_of([row for row in inside if row[name]], name), low, high) for name in MEMBERS
        }
        reals = [row for row in inside if row["label"] == "real"]
        for family in sorted({row["family"] for row in inside if row["label"] == "fake"}):
            fakes = [row for row in inside if row["label"] == "fake" and row["family"] == family]
            report["families"][f"{source}/{family}"] = _summary(slice_of(reals + fakes), low, high)
    return report


def slice_of(chosen: Sequence[Row], column: str = "p_fake") -> Slice:
    """Truth and probabilities of some rows."""
    truth = np.array([row["label"] == "fake" for row in chosen], dtype=bool)
    return Slice(truth, np.array([float(row[column]) for row in chosen]))


def _summary(part: Slice, low: float, high: float) -> dict[str, Any] | None:
    if not len(part.p):
        return None
    values: dict[str, Any] = metrics.summary(part.truth, part.p, low, high)
    values["auc_interval"] = metrics.interval(metrics.auc, part.truth, part.p)
    return {key: _plain(value) for key, value in values.items()}


def _plain(value: Any) -> Any:
    """JSON knows no NaN: None says that a figure needs both classes."""
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value
