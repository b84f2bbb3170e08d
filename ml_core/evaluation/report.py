"""An evaluation from manifest to page: scores.csv, details.csv, metrics.json, the plots, report.html."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml_core.evaluation.bootstrap import ROUNDS
from ml_core.evaluation.curves import curves
from ml_core.evaluation.figures import figures, sample_of, summary, usable
from ml_core.evaluation.judge import fingerprint, judge
from ml_core.evaluation.listing import Entry, at_most
from ml_core.evaluation.page import write_page
from ml_core.evaluation.scores import (
    COLUMNS,
    DETAILS,
    Row,
    details_of,
    read_details,
    read_scores,
    row_of,
    write_rows,
)
from ml_core.evaluation.tiers import AS_IS
from ml_core.inference import Predictor
from ml_core.versions import read_manifest, write_json

logger = logging.getLogger(__name__)

SCORES, DETAILS_FILE, METRICS_FILE, PAGE = "scores.csv", "details.csv", "metrics.json", "report.html"
IN_A_TIER = ("auc", "balanced_accuracy", "false_alarms", "fakes_not_called_real", "coverage")

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure: the entries, as they are or in one tier, and a part of them in each of some other tiers."""

    entries: Sequence[Entry]
    tier: str = AS_IS
    tiers: Sequence[str] = ()
    tier_limit: int | None = None
    tier_splits: Sequence[str] | None = field(default=None)

    def in_a_tier(self) -> list[Entry]:
        """The entries that are judged once more in each tier."""
        chosen = [e for e in self.entries if self.tier_splits is None or e.split in self.tier_splits]
        return at_most(chosen, self.tier_limit)


def evaluate(predictor: Predictor, root: Path, wanted: Wanted, out: Path, rounds: int = ROUNDS) -> Report:
    """Judges everything and writes it all below `out`; returns what metrics.json holds."""
    score(predictor, root, wanted.entries, out, wanted.tier)
    for tier in wanted.tiers:
        score(predictor, root, wanted.in_a_tier(), tier_folder(out, tier), tier)
    manifest = read_manifest(root, predictor.version)
    report = {
        "version": predictor.version,
        "tier": wanted.tier,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": predictor.device,
        "engines": predictor.engine_names,
        "bands": manifest["calibration"]["bands"],
        **measured(out, wanted.tiers, rounds),
    }
    write_json(out / METRICS_FILE, report)
    logger.info("drawing the plots")
    write_page(out / PAGE, report, plots(out, predictor.version))
    return report


def tier_folder(out: Path, tier: str) -> Path:
    """Where the scores of a tier are."""
    return out / "tiers" / tier


def score(predictor: Predictor, root: Path, entries: Sequence[Entry], out: Path, tier: str = AS_IS) -> list[Row]:
    """Writes scores.csv and details.csv below `out`, from the log of what was judged before and from the models."""
    out.mkdir(parents=True, exist_ok=True)
    mark = fingerprint(read_manifest(root, predictor.version), predictor.engine_names, predictor.device)
    outcomes = judge(predictor, entries, tier, out / f"answers-{mark}-{tier}.jsonl")
    pairs = list(zip(entries, outcomes, strict=True))
    rows = [row_of(entry, outcome) for entry, outcome in pairs]
    write_rows(out / SCORES, COLUMNS, rows)
    write_rows(out / DETAILS_FILE, DETAILS, [details_of(entry, outcome) for entry, outcome in pairs])
    return rows


def measured(out: Path, tiers: Sequence[str], rounds: int = ROUNDS) -> Report:
    """Every figure, from the score files alone."""
    rows, details = read_scores(out / SCORES), read_details(out / DETAILS_FILE)
    logger.info("computing the figures of %d rows", len(rows))
    return {
        "items": len(rows),
        "splits": {split: figures(part, details, rounds) for split, part in by_split(rows).items()},
        "tiers": {tier: in_tier(rows, read_scores(tier_folder(out, tier) / SCORES), rounds) for tier in tiers},
    }


def by_split(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each split, in the order in which the splits first appear."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["split"], []).append(row)
    return found


def in_tier(as_is: Sequence[Row], tier: Sequence[Row], rounds: int = ROUNDS) -> dict[str, list[dict[str, Any]]]:
    """Per source the figures of the very same items, as they are and in the tier: only these two can be compared.

    Items that could be judged in only one of them count in neither; `lost` says how many the tier cost.
    """
    before = {(row["source"], row["path"]): row for row in usable(as_is)}
    after = {(row["source"], row["path"]): row for row in usable(tier)}
    asked = {(row["source"], row["path"]) for row in tier} & before.keys()
    found = {}
    for source in sorted({key[0] for key in asked}):
        both = sorted(key for key in asked if key[0] == source and key in after)
        if both:
            lost = sum(key[0] == source for key in asked) - len(both)
            sides = [summary(sample_of([side[key] for key in both]), IN_A_TIER, rounds) for side in (before, after)]
            found[source] = [sides[0], {**sides[1], "lost": lost}]
    return found


def plots(out: Path, version: str) -> dict[str, dict[str, Path]]:
    """The PNG files of each split, by split and name."""
    from ml_core.evaluation.plots import draw  # matplotlib: only for those who evaluate

    splits = by_split(read_scores(out / SCORES))
    files = {}
    for split, rows in splits.items():
        if usable(rows):
            name = "".join(letter if letter.isalnum() else "_" for letter in split)
            title = f"{version} · {split or 'no split'} · {len(usable(rows))} items"
            files[split] = draw(curves(rows), title, out, f"-{name}" if len(splits) > 1 and name else "")
    return files
