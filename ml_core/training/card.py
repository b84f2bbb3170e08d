"""The model card: every figure taken from files that `evaluate` wrote, weaknesses beside strengths."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ml_core.datatypes import MEMBERS
from ml_core.training.evaluate import Row, figures, read_scores
from ml_core.versions import Manifest, read_manifest, write_json

Figures = Mapping[str, Any]

INTRODUCTION = """\
# Model card: version {version}

Written by `python -m ml_core card` from the score files of `python -m ml_core evaluate`: no figure is typed by hand.
Face level, one crop an item (clips: 16 frames, one verdict a clip). AUC with its bootstrap 95 % interval (500 draws).
"""

LIMITS = """\
## What it cannot do

* It was trained on face swaps (DFDC, FaceForensics++), one GAN (StyleGAN) and Photoshop composites. Diffusion models,
  today's swap tools, lip-sync and talking heads are not in the data: expect it to miss them.
* Edits outside the face, cloned voices, wrong captions and staged scenes are not what it looks at.
* Dark, small, turned or blurred faces are judged badly; heavy recompression moves the score.
* DFDC's actors recur across its videos and DFDC labels whole videos, so its own test split flatters and holds some
  wrong labels. There are few clips: the figures for them have wide intervals.
* The CNN, the ResNeXt-50 and the LSTM started from random weights and learned for minutes. Where their AUC above is
  near 0.5 their bars on the result page mean nothing, and the ensemble is its ViT.

## The data's terms

DFDC: competition terms, research. FaceForensics++: non-commercial research. FFHQ and CIPLAB: CC BY-NC-SA. The weights
are therefore for **research use only**; retrain on your own data before any commercial use. The ViT started from
OpenAI's CLIP ViT-B/16 (MIT).
"""


def write_card(folders: Sequence[Path], root: Path, out: Path) -> None:
    """Writes the Markdown to `out` and the figures to the version's card.json. Raises ValueError for mixed versions."""
    reports = [json.loads((folder / "metrics.json").read_text(encoding="utf-8")) for folder in folders]
    versions = {report["version"] for report in reports}
    if len(versions) != 1:
        raise ValueError(f"the evaluations are of different versions: {sorted(versions)}")
    version = versions.pop()
    manifest = read_manifest(root, version)
    tiers: dict[str, list[Row]] = {}
    for folder, report in zip(folders, reports, strict=True):
        tiers.setdefault(report["tier"], []).extend(read_scores(folder / "scores.csv"))
    bands = manifest["calibration"]["bands"]
    by_split = {split: _figures(tiers["as_is"], split, bands) for split in ("val", "test", "real_only")}
    by_tier = {tier: _beside(scored, tiers["as_is"], bands) for tier, scored in tiers.items() if tier != "as_is"}
    out.write_text(_text(manifest, by_split, by_tier), encoding="utf-8")
    card = {"version": version, "limits": LIMITS, "figures": by_split, "tiers": by_tier, "data": manifest["data"]}
    write_json(root / version / "card.json", card)


def _beside(scored: Sequence[Row], as_is: Sequence[Row], bands: Mapping[str, float]) -> dict[str, Figures]:
    """A tier and the very same items as they are: only these two can be compared."""
    items = {(row["source"], row["path"]) for row in scored}
    same = [row for row in as_is if (row["source"], row["path"]) in items]
    return {"tier": _figures(scored, "test", bands), "as_is": _figures(same, "test", bands)}


def _figures(rows: Sequence[Row], split: str, bands: Mapping[str, float]) -> Figures:
    return figures([row for row in rows if row["split"] == split], bands["real"], bands["fake"])


def _text(manifest: Manifest, splits: Mapping[str, Figures], tiers: Mapping[str, Mapping[str, Figures]]) -> str:
    parts = [
        INTRODUCTION.format(version=manifest["version"]),
        _in_short(splits["test"]),
        _members(manifest),
        "## In distribution: the `test` splits of the training's sources\n\n" + _sources(splits["test"]),
        "### Each member, AUC\n\n" + _member_table(splits["test"]),
        "### By family (fakes of the family against all reals of the source)\n\n" + _families(splits["test"]),
        "## Held out: sources that no training saw (real photographs only)\n\n" + _held_out(splits["real_only"]),
        "## After recompression and the like (`test`)\n\n" + _tiers(tiers),
        "## The split that chose thresholds and calibration (`val`)\n\n" + _sources(splits["val"]),
        _targets(splits, tiers),
        LIMITS,
        _commands(),
    ]
    return "\n".join(parts)


def _in_short(test: Figures) -> str:
    """What the figures allow to say, and no more."""
    lower = {source: values["auc_interval"][0] for source, values in test["sources"].items()}
    shown = [source for source, bound in lower.items() if bound is not None and bound > 0.5]
    doubtful = sorted(set(lower) - set(shown))
    text = f"**In short.** Above chance (95 %) on {', '.join(shown) or 'no source'}"
    text += f"; not shown to be above chance on {', '.join(doubtful)}. " if doubtful else ": every source. "
    decided = min((values["coverage"] for values in test["sources"].values()), default=0.0)
    text += f"Where it decides least, {1 - decided:.0%} of the items are INCONCLUSIVE."
    return text + "\nIt is no proof of anything: do not use it alone to accuse a person.\n"


def _members(manifest: Manifest) -> str:
    rows = []
    for name, entry in manifest["members"].items():
        size = sum(file["size"] for file in entry["files"]) / 1e6
        steps, batch = manifest["data"]["steps"][name], manifest["data"]["batch"][name]
        parameters = f"{entry['parameters'] / 1e6:.1f} M"
        rows.append([name, entry["architecture"], parameters, f"{size:.0f} MB", f"{steps} × {batch}"])
    calibration = manifest["calibration"]
    bands = calibration["bands"]
    rule = (
        f"Temperature {calibration['temperature']:.2f}, bias {calibration['bias']:+.2f}. "
        f"REAL up to {bands['real']:.2f}, FAKE from {bands['fake']:.2f}, INCONCLUSIVE between."
    )
    return (
        f"## The ensemble\n\n{table(['member', 'architecture', 'parameters', 'file', 'steps × batch'], rows)}\n{rule}\n"
    )


SOURCE_COLUMNS = {
    "items": "items",
    "auc": "AUC",
    "auc_interval": "95 %",
    "accuracy_real": "acc. real",
    "accuracy_fake": "acc. fake",
    "balanced_accuracy": "balanced",
    "f1": "F1",
    "average_precision": "AP",
    "eer": "EER",
    "tpr_at_1_fpr": "TPR@1%",
    "tpr_at_5_fpr": "TPR@5%",
    "ece": "ECE",
    "brier": "Brier",
    "false_alarms": "FPR shipped",
    "fakes_not_called_real": "fakes not REAL",
    "coverage": "coverage",
    "accuracy_outside_inconclusive": "acc. outside",
}


def _sources(report: Figures) -> str:
    rows = [[source, *(number(values[key]) for key in SOURCE_COLUMNS)] for source, values in report["sources"].items()]
    refused = f"\n{report['refused']} items were refused.\n" if report["refused"] else ""
    return table(["source", *SOURCE_COLUMNS.values()], rows) + refused


def _member_table(report: Figures) -> str:
    rows = []
    for source, members in report["members"].items():
        own = [number(members[name] and members[name]["auc"]) for name in MEMBERS]
        rows.append([source, number(report["sources"][source]["auc"]), *own])
    return table(["source", "ensemble", *MEMBERS], rows)


def _families(report: Figures) -> str:
    keys = ("fakes", "auc", "auc_interval", "accuracy_fake", "fakes_not_called_real")
    rows = [[name, *(number(values[key]) for key in keys)] for name, values in report["families"].items()]
    return table(["source/family", "fakes", "AUC", "95 %", "acc. fake", "fakes not REAL"], rows)


def _held_out(report: Figures) -> str:
    keys = ("items", "false_alarms", "accuracy_real", "coverage")
    rows = [[source, *(number(values[key]) for key in keys)] for source, values in report["sources"].items()]
    return table(["source", "items", "called FAKE", "acc. at 0.5", "coverage"], rows)


def _tiers(tiers: Mapping[str, Mapping[str, Figures]]) -> str:
    rows = []
    for name, both in tiers.items():
        for source, values in both["tier"]["sources"].items():
            before = both["as_is"]["sources"][source]["auc"]
            rows.append([name, source, str(values["items"]), *map(number, (before, values["auc"]))])
    return table(["tier", "source", "items", "AUC as is", "AUC in the tier"], rows)


def _targets(splits: Mapping[str, Figures], tiers: Mapping[str, Mapping[str, Figures]]) -> str:
    """The targets of the project beside what this version gives; an empty cell says that it was not measured."""
    test, held = splits["test"]["sources"], splits["real_only"]["sources"]
    caught = min((values["fakes_not_called_real"] for values in test.values()), default=None)
    alarms = [values["false_alarms"] for values in [*test.values(), *held.values()]]
    rows = [
        ["DFDC crops, AUC", "≥ 0.96", _of(test, "dfdc", "auc")],
        ["StyleGAN, AUC", "≥ 0.99", _of(test, "ffhq_stylegan", "auc")],
        ["composites, AUC", "≥ 0.93", _of(test, "composites", "auc")],
        ["FF++ clips, AUC", "≥ 0.95", _of(test, "ffpp", "auc")],
        ["least gain over the best member, AUC", "≥ +0.005", number(_least_gain(splits["test"]))],
        ["largest ECE of a source", "≤ 0.04", number(max((v["ece"] for v in test.values()), default=None))],
        ["most false alarms of a source", "≤ 0.05", number(max(alarms, default=None))],
        ["fewest fakes not called REAL", "≥ 0.85", number(caught)],
        ["largest AUC loss by JPEG q60 + half size", "≤ 0.04", number(_loss(tiers))],
    ]  # fmt: skip
    return "## Targets of the project, and this version\n\n" + table(["`test`", "target", "this version"], rows)


def _of(found: Mapping[str, Any], source: str, key: str) -> str:
    return number(found[source][key]) if source in found else "–"


def _least_gain(report: Figures) -> float | None:
    gains = []
    for source, members in report["members"].items():
        best = max(values["auc"] for values in members.values() if values)
        gains.append(report["sources"][source]["auc"] - best)
    return min(gains, default=None)


def _loss(tiers: Mapping[str, Mapping[str, Figures]]) -> float | None:
    if "jpeg60_half" not in tiers:
        return None
    after, before = (tiers["jpeg60_half"][side]["sources"] for side in ("tier", "as_is"))
    return max((before[source]["auc"] - values["auc"] for source, values in after.items()), default=None)


def _commands() -> str:
    return """\
## How to make these figures again

With the manifests of the research data (not part of the repository); `--limit` takes the same items every time.

```
python -m ml_core evaluate faces.csv clips.csv --split val --limit 110 --out var/val
python -m ml_core evaluate faces.csv clips.csv --split test real_only --limit 80 --out var/test
python -m ml_core evaluate faces.csv --split test --limit 30 --tier jpeg60_half --out var/jpeg60-half
python -m ml_core card var/val var/test var/jpeg60-half --out docs/model_card.md
```
"""


def number(value: Any) -> str:
    """A figure for a table: three digits, an interval, or a dash."""
    if value is None:
        return "–"
    if isinstance(value, Sequence):
        return "–".join(number(part) for part in value)
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; figures to the right."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def val_card(manifest: Manifest) -> dict[str, Any]:
    """What a version's card.json says until it was evaluated."""
    return {
        "version": manifest["version"],
        "limits": "Not evaluated yet: run `python -m ml_core evaluate`, then `python -m ml_core card`.",
        "figures": {"val_auc": manifest["metrics"]["val_auc"]},
        "data": manifest["data"],
    }
