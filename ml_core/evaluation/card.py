"""The model card: every figure taken from files that `evaluate` wrote, weaknesses beside strengths.

It is built once, as sections of paragraphs and tables: `card.json` in the version's folder, which the site shows,
and the same as Markdown.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_core.evaluation import card_texts, tables, targets
from ml_core.evaluation.curves import Curves, curves
from ml_core.evaluation.figures import Figures, figures
from ml_core.evaluation.page import report_tiers
from ml_core.evaluation.report import DETAILS_FILE, METRICS_FILE, SCORES, in_tier
from ml_core.evaluation.scores import Row, read_details, read_scores
from ml_core.evaluation.tables import Table
from ml_core.training.manifest import role_of
from ml_core.versions import Manifest, read_manifest, write_json

SCHEMA = 2
RECIPES = ("recipes.json", "pseudo_fakes.json")  # what benchmarks of the training wrote beside the weights


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, paragraphs, tables, and the plots that belong here (names of `curves`)."""

    title: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()
    plots: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        shown = [table.as_dict() for table in self.tables if table.rows]
        return {"title": self.title, "paragraphs": self.paragraphs, "tables": shown, "plots": self.plots}


@dataclass(frozen=True, slots=True)
class Measured:
    """The rows of one version by what they may be called, and their figures."""

    manifest: Manifest
    test: Figures  # in distribution: `test` of the sources that were trained on
    held_out: Figures  # every source that no training saw
    real_only: Figures  # photographs without fakes: those that no training saw
    val: Figures
    tiers: Mapping[str, Any]
    curves: Curves


def write_card(folders: Sequence[Path], root: Path, out: Path) -> None:
    """Writes the Markdown to `out` and the version's card.json. Raises ValueError for mixed versions."""
    measured = read(folders, root)
    manifest = measured.manifest
    sections = build(measured, _recipes(root / manifest["version"]))
    card = {
        "schema": SCHEMA,
        "version": manifest["version"],
        "created": manifest["created"],
        "summary": in_short(measured),
        "sections": [section.as_dict() for section in sections],
        "curves": measured.curves,
        "figures": {"test": measured.test, "held_out": measured.held_out, "real_only": measured.real_only},
        "tiers": measured.tiers,
        "data": manifest["data"],
    }
    write_json(root / manifest["version"] / "card.json", card)
    out.write_text(markdown(manifest["version"], in_short(measured), sections), encoding="utf-8")


def read(folders: Sequence[Path], root: Path) -> Measured:
    """Every figure of the card from the score files in these folders. Raises ValueError, FileNotFoundError."""
    reports = [json.loads((folder / METRICS_FILE).read_text(encoding="utf-8")) for folder in folders]
    versions = {report["version"] for report in reports}
    if len(versions) != 1:
        raise ValueError(f"the evaluations are of different versions: {sorted(versions)}")
    as_is = [f for f, report in zip(folders, reports, strict=True) if report["tier"] == "as_is"]
    rows = _all(read_scores(folder / SCORES) for folder in as_is)
    details = _all(read_details(folder / DETAILS_FILE) for folder in as_is)
    manifest = read_manifest(root, versions.pop())
    trained = set(manifest["data"]["sources"])
    alone = [r for r in rows if r["split"] == "real_only" and role_of(r["split"], r["group"]) == "test"]
    test = [r for r in rows if r["source"] in trained and r["split"] == "test"]
    other = [r for r in rows if r["source"] not in trained and r["split"] != "real_only"]
    return Measured(
        manifest,
        figures(test, details),
        figures(other, details),
        figures(alone, details),
        figures([r for r in rows if r["source"] in trained and r["split"] == "val"], details),
        {tier: in_tier(test, scored) for tier, scored in _tiers(folders, reports).items()},
        curves(test),
    )


def _all(parts: Any) -> list[Row]:
    """The rows of several files, each item once: the last word counts."""
    return list({(row["source"], row["path"]): row for part in parts for row in part}.values())


def _tiers(folders: Sequence[Path], reports: Sequence[Mapping[str, Any]]) -> dict[str, list[Row]]:
    """The rows of each tier: from below an evaluation, or from a folder that is one."""
    found: dict[str, list[Row]] = {}
    for folder, report in zip(folders, reports, strict=True):
        if report["tier"] != "as_is":
            found.setdefault(report["tier"], []).extend(read_scores(folder / SCORES))
        for scores in sorted((folder / "tiers").glob(f"*/{SCORES}")):
            found.setdefault(scores.parent.name, []).extend(read_scores(scores))
    return found


def _recipes(folder: Path) -> list[Section]:
    """What each way of training gave, as the benchmarks wrote it down: {"title", "note", "head", "rows"} a file."""
    found = [json.loads((folder / name).read_text("utf-8")) for name in RECIPES if (folder / name).exists()]
    return [_recipe(one["title"], one["note"], one["head"], one["rows"]) for one in found]


def _recipe(title: str, note: str, head: list[str], rows: list[list[Any]]) -> Section:
    cells = [[tables.number(cell) for cell in row] for row in rows]
    return Section(title, [note], [Table(title, head, cells)])


def build(measured: Measured, recipes: Sequence[Section]) -> list[Section]:
    """The sections of the card, in their order."""
    test, held_out = measured.test, measured.held_out
    sections = [
        _ensemble(measured.manifest),
        Section(
            "In distribution: the test splits of the training's sources",
            [card_texts.TEST, *_lost(test)],
            [*tables.all_slices("Sources", "source", test["sources"]), tables.not_judged(test)],
            ["roc", "reliability", "risk_coverage"],
        ),
        Section("Held out: sources that no training saw", *_held_out(held_out)),
        Section(
            "Real photographs alone: false alarms",
            [card_texts.REAL_ONLY],
            [tables.slices("Real photographs", "source", measured.real_only["sources"], tables.ALARMS)],
        ),
        Section(
            "The members, their plain mean, and the gate",
            [card_texts.MEMBERS, targets.lstm_sentence(test)],
            [tables.members(test), tables.members(test, "balanced_accuracy"), tables.weights(test)],
        ),
        Section("By family", [card_texts.FAMILIES], [_families(test), *_held_families(held_out)], ["said"]),
        Section("By the size of the face", [card_texts.SIZES], [_sizes(test)]),
        Section("After recompression and the like", [card_texts.TIERS], report_tiers({"tiers": measured.tiers})),
        Section(
            "The split that chose thresholds and calibration: val",
            [card_texts.VAL],
            tables.all_slices("Sources", "source", measured.val["sources"]),
        ),
        Section(
            "Targets of the project, and this version",
            [card_texts.TARGETS],
            [targets.table(test, measured.real_only, measured.tiers, held_out)],
        ),
        Section("The brief's numbers, and ours", [card_texts.BRIEF], [targets.brief(test, held_out)]),
    ]
    words = [Section("What it cannot do", card_texts.LIMITS), Section("The data's terms", card_texts.TERMS)]
    return [*sections, *recipes, *words, Section("How to make these figures again", card_texts.COMMANDS)]


def _ensemble(manifest: Manifest) -> Section:
    rows = []
    for name, entry in manifest["members"].items():
        size = sum(file["size"] for file in entry["files"]) / 1e6
        steps = manifest["data"].get("steps", {}).get(name)
        batch = manifest["data"].get("batch", {}).get(name)
        learned = f"{steps} × {batch}" if steps else "–"
        rows.append([name, entry["architecture"], f"{entry['parameters'] / 1e6:.1f} M", f"{size:.0f} MB", learned])
    calibration = manifest["calibration"]
    bands = calibration["bands"]
    rule = (
        f"Temperature {calibration['temperature']:.2f}, bias {calibration['bias']:+.2f}. "
        f"REAL up to {bands['real']:.2f}, FAKE from {bands['fake']:.2f}, INCONCLUSIVE between."
    )
    head = ["member", "architecture", "parameters", "file", "steps × batch"]
    return Section("The ensemble", [rule], [Table("The members", head, rows)])


def _lost(report: Figures) -> list[str]:
    """Nothing is left out in silence."""
    status = report["status"]
    faceless, broken = status.get("not_applicable", 0), status.get("error", 0)
    if not faceless + broken:
        return []
    return [f"Of {report['items']} items {faceless} showed no face that was found and {broken} could not be read."]


def _held_out(report: Figures) -> tuple[Sequence[str], Sequence[Table]]:
    if not report["sources"]:
        return [card_texts.NOTHING_HELD_OUT], []
    return [card_texts.HELD_OUT, *_lost(report)], tables.all_slices("Held out", "source", report["sources"])


FAMILY = ("fakes", "auc", "accuracy_fake", "fakes_not_called_real")


def _families(report: Figures) -> Table:
    return tables.slices("Families, in distribution", "source/family", report["families"], FAMILY)


def _held_families(report: Figures) -> list[Table]:
    return [tables.slices("Families, held out", "source/family", report["families"], FAMILY)]


def _sizes(report: Figures) -> Table:
    names = ("items", "fakes", "auc", "balanced_accuracy", "false_alarms", "fakes_not_called_real", "coverage")
    return tables.slices("Width of the face that decided", "width", report["sizes"], names)


def in_short(measured: Measured) -> list[str]:
    """What the figures allow to say, and no more."""
    test = measured.test["sources"]
    lower = {source: values["intervals"]["auc"][0] for source, values in test.items()}
    shown = [source for source, bound in lower.items() if bound is not None and bound > 0.5]
    doubtful = sorted(set(lower) - set(shown))
    text = f"Above chance (95 %) on {', '.join(shown) or 'no source'}"
    text += f"; not shown to be above chance on {', '.join(doubtful)}." if doubtful else ", every source tested."
    found = [text]
    if test:
        least = min(values["coverage"] or 0.0 for values in test.values())
        everything = [*test.values(), *measured.real_only["sources"].values()]
        alarms = max(values["false_alarms"] or 0.0 for values in everything)
        found.append(
            f"On the source where it decides least, {1 - least:.0%} of the items are INCONCLUSIVE; "
            "on the source with the most false alarms, real photographs alone among them, "
            f"{alarms:.1%} of the real items are called FAKE."
        )
    return [*found, "It is no proof of anything: do not use it alone to accuse a person."]


def markdown(version: str, summary: Sequence[str], sections: Sequence[Section]) -> str:
    """The card as a document."""
    parts = [f"# Model card: version {version}\n", card_texts.INTRODUCTION, "**In short.** " + " ".join(summary) + "\n"]
    for section in sections:
        parts.append(f"## {section.title}\n")
        parts += [text + "\n" for text in section.paragraphs]
        shown = [table for table in section.tables if table.rows]
        parts += [tables.markdown(table, "###" if len(shown) > 1 else "") for table in shown]
    return "\n".join(parts)
