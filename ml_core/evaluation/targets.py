"""The project's targets and the brief's numbers beside what a version gives."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ml_core.datatypes import MEMBERS
from ml_core.evaluation.tables import Table, number

Figures = Mapping[str, Any]
BRIEF = {"cnn": "85 %", "resnext": "91 %", "vit": "88 %", "lstm": "90 %", "ensemble": "96–98 %"}
CLIPS_NEEDED = 2


def table(test: Figures, real_only: Figures, tiers: Mapping[str, Any], held_out: Figures) -> Table:
    """Each target, and the figure that answers it."""
    sources = test["sources"]
    everything = [*sources.values(), *real_only["sources"].values()]
    rows = [
        ["DFDC crops, AUC", "≥ 0.96", _of(sources, "dfdc")],
        ["StyleGAN, AUC", "≥ 0.99", _of(sources, "ffhq_stylegan")],
        ["composites, AUC", "≥ 0.93", _of(sources, "composites")],
        ["FF++ clips, AUC", "≥ 0.95", _of(sources, "ffpp")],
        ["least gain over the best member, AUC", "≥ +0.005", signed(least_gain(test, "best"))],
        ["least gain over the plain mean, AUC", "≥ 0", signed(least_gain(test, "mean"))],
        ["ECE, all of test", "≤ 0.04", number(test.get("all", {}).get("ece"))],
        ["largest ECE of a source", "≤ 0.04", number(_most(sources.values(), "ece"))],
        ["most real items of a source called FAKE", "≤ 0.05", number(_most(everything, "false_alarms"))],
        ["fewest fakes of a source not called REAL", "≥ 0.85", number(_least(sources, "fakes_not_called_real"))],
        ["largest AUC loss of a source by JPEG q60 + half size", "≤ 0.04", number(loss(tiers.get("jpeg60_half", {})))],
        ["held-out sources, mean AUC", "reported", number(_mean(held_out["sources"], "auc"))],
    ]  # fmt: skip
    return Table("Targets", ["in distribution, test", "target", "this version"], rows)


def _of(sources: Figures, source: str) -> str:
    return number(sources[source]["auc"]) if source in sources else "–"


def _most(found: Any, name: str) -> float | None:
    return max((values[name] for values in found if values[name] is not None), default=None)


def _least(sources: Figures, name: str) -> float | None:
    return min((values[name] for values in sources.values() if values[name] is not None), default=None)


def _mean(sources: Figures, name: str) -> float | None:
    known = [values[name] for values in sources.values() if values[name] is not None]
    return float(np.mean(known)) if known else None


def signed(value: float | None) -> str:
    """A difference."""
    return "–" if value is None else f"{value:+.3f}"


def least_gain(report: Figures, over: str) -> float | None:
    """The smallest gain of the ensemble's AUC over the sources: over the best member, or over the plain mean."""
    gains = []
    for source, ours in report["sources"].items():
        others = [report["plain_mean"][source]] if over == "mean" else report["members"][source].values()
        known = [values["auc"] for values in others if values and values["auc"] is not None]
        if known and ours["auc"] is not None:
            gains.append(ours["auc"] - max(known))
    return min(gains, default=None)


def loss(tier: Mapping[str, Any]) -> float | None:
    """The largest fall of a source's AUC on the same items."""
    both = [(before["auc"], after["auc"]) for before, after in tier.values()]
    return max((b - a for b, a in both if b is not None and a is not None), default=None)


def brief(test: Figures, held_out: Figures) -> Table:
    """The brief's accuracies beside ours; a source counts as much as another, and real as much as fake."""
    rows = []
    for name, claimed in BRIEF.items():
        ours = [number(_accuracy(report, name)) for report in (test, held_out)]
        rows.append([name, claimed, *ours])
    return Table("Accuracy", ["", "the brief, on no named data", "ours, in distribution", "ours, held out"], rows)


def _accuracy(report: Figures, name: str) -> float | None:
    own = report["sources"] if name == "ensemble" else {s: m[name] for s, m in report["members"].items() if m[name]}
    return _mean(own, "balanced_accuracy")


def lstm_sentence(report: Figures) -> str:
    """Whether the LSTM beats the image members on the clips: the card has to say it."""
    lines = []
    for source, own in report["members"].items():
        if not own["lstm"] or own["lstm"]["auc"] is None or own["lstm"]["items"] < CLIPS_NEEDED:
            continue
        best = max(own[name]["auc"] for name in MEMBERS if name != "lstm" and own[name])
        word = "beats" if own["lstm"]["auc"] > best else "does not beat"
        lines.append(
            f"On the clips of {source} the LSTM ({number(own['lstm']['auc'])}) {word} the best of the members' "
        )
        lines[-1] += f"means over the frames ({number(best)})."
    return " ".join(lines) or "No clips were scored: nothing is known about the LSTM."
