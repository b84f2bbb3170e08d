"""The figures as tables, once for Markdown, for the report's page and for the site."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ml_core.datatypes import MEMBERS

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A caption, a head and rows of ready text."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


HEADS = {
    "items": "items",
    "fakes": "fakes",
    "auc": "AUC",
    "accuracy": "acc.",
    "accuracy_real": "acc. real",
    "accuracy_fake": "acc. fake",
    "balanced_accuracy": "balanced",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "average_precision": "AP",
    "eer": "EER",
    "tpr_at_1_fpr": "TPR@1%",
    "tpr_at_5_fpr": "TPR@5%",
    "false_alarms": "reals called FAKE",
    "fakes_not_called_real": "fakes not called REAL",
    "ece": "ECE",
    "brier": "Brier",
    "coverage": "coverage",
    "accuracy_outside_inconclusive": "acc. outside",
}
RANKING = ("items", "fakes", "auc", "average_precision", "eer", "tpr_at_1_fpr", "tpr_at_5_fpr")
DECIDING = ("accuracy", "accuracy_real", "accuracy_fake", "balanced_accuracy", "precision", "f1")
ALARMS = ("items", "false_alarms", "accuracy_real", "coverage")
SHIPPED = ("false_alarms", "fakes_not_called_real", "coverage", "accuracy_outside_inconclusive", "ece", "brier")


def number(value: Any) -> str:
    """A figure for a table: three digits, or a dash where there is none."""
    if value is None:
        return "–"
    return str(value) if isinstance(value, int | str) else f"{value:.3f}"


def with_interval(values: Figures | None, name: str) -> str:
    """A metric with its interval: 0.912 (0.880–0.941)."""
    if values is None or values.get(name) is None:
        return "–"
    low, high = values.get("intervals", {}).get(name, (None, None))
    return number(values[name]) if low is None else f"{number(values[name])} ({number(low)}–{number(high)})"


def slices(caption: str, first: str, found: Mapping[str, Figures], names: Sequence[str]) -> Table:
    """One row a slice, each metric with its interval."""
    rows = [
        [slice_, *(number(v[n]) if n in ("items", "fakes") else with_interval(v, n) for n in names)]
        for slice_, v in found.items()
    ]
    return Table(caption, [first, *(HEADS[name] for name in names)], rows)


def all_slices(caption: str, first: str, found: Mapping[str, Figures]) -> list[Table]:
    """All metrics in three tables: how it ranks, how it decides at 0.5, how the shipped bands behave."""
    return [
        slices(f"{caption}: ranking", first, found, RANKING),
        slices(f"{caption}: decided at 0.5", first, found, ("items", *DECIDING)),
        slices(f"{caption}: with the shipped bands", first, found, ("items", *SHIPPED)),
    ]


def members(report: Figures, metric: str = "auc") -> Table:
    """Per source: ensemble, plain mean of the members, each member."""
    rows = []
    for source, own in report["members"].items():
        ours = [with_interval(report[key][source], metric) for key in ("sources", "plain_mean")]
        rows.append([source, *ours, *(with_interval(own[name], metric) for name in MEMBERS)])
    return Table(f"Ensemble and members, {HEADS[metric]}", ["source", "ensemble", "plain mean", *MEMBERS], rows)


def weights(report: Figures) -> Table:
    """The gate's mean weight of each member."""
    rows = [[source, *(number(found[name]) for name in MEMBERS)] for source, found in report["weights"].items()]
    return Table("Mean weight that the gate gives", ["source", *MEMBERS], rows)


def not_judged(report: Figures) -> Table:
    """What counts in no figure, and why."""
    rows = [
        [source, str(counts.get("not_applicable", 0)), str(counts.get("error", 0))]
        for source, counts in report["not_judged"].items()
    ]
    return Table("Not judged", ["source", "no face found", "could not be read"], rows)


def markdown(table: Table, level: str = "") -> str:
    """A Markdown table under its caption; figures to the right."""
    lines = [f"{level} {table.caption}".strip(), ""] if level else []
    lines += ["| " + " | ".join(table.head) + " |", "|---|" + "--:|" * (len(table.head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in table.rows]
    return "\n".join(lines) + "\n"
