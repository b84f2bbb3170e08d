"""Two sets of answers to the same items: paired bootstrap of every difference, per source and family."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ml_core.evaluation.bootstrap import METRICS, ROUNDS, Sample, draws, percentiles, point
from ml_core.evaluation.figures import families, sample_of, usable
from ml_core.evaluation.scores import Row
from ml_core.evaluation.tables import HEADS, Table, number

Pairs = Sequence[tuple[Row, Row]]
SHOWN = ("auc", "accuracy", "false_alarms", "fakes_not_called_real", "ece")


def compare(a: Sequence[Row], b: Sequence[Row], rounds: int = ROUNDS) -> dict[str, Any]:
    """Metrics of both, B minus A with its 95 % interval, over the items that both judged; who else there is."""
    first, second = ({(row["source"], row["path"]): row for row in usable(rows)} for rows in (a, b))
    common = [key for key in first if key in second]
    pairs = [(first[key], second[key]) for key in common]
    sources = sorted({key[0] for key in common})
    by_source = {source: [pair for pair in pairs if pair[0]["source"] == source] for source in sources}
    return {
        "items": len(common),
        "only_a": len(first) - len(common),
        "only_b": len(second) - len(common),
        "all": paired(pairs, rounds) if pairs else None,
        "sources": {source: paired(part, rounds) for source, part in by_source.items()},
        "families": {name: paired(part, rounds) for name, part in _families(by_source).items()},
        "changed": _changed(pairs),
    }


def paired(pairs: Pairs, rounds: int = ROUNDS) -> dict[str, Any]:
    """Both sides and their difference; each draw takes the same groups on both."""
    a, b = (sample_of([pair[side] for pair in pairs]) for side in (0, 1))
    values = {name: _difference(name, a, b) for name in METRICS}
    drawn: dict[str, list[Any]] = {name: [] for name in METRICS}
    for weights in draws(a.groups, rounds):
        for name, metric in METRICS.items():
            drawn[name].append(metric(b, weights) - metric(a, weights))
    for name, parts in drawn.items():
        values[name]["interval"] = [_plain(value) for value in percentiles(np.concatenate(parts))]
    return {"items": len(pairs), "fakes": int(a.truth.sum()), **values}


def _difference(name: str, a: Sample, b: Sample) -> dict[str, Any]:
    one, other = point(METRICS[name], a), point(METRICS[name], b)
    return {"a": _plain(one), "b": _plain(other), "difference": _plain(other - one)}


def _plain(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None


def _families(by_source: Mapping[str, Pairs]) -> dict[str, Pairs]:
    """Pairs by family, with the reals of the source."""
    found: dict[str, Pairs] = {}
    for source, pairs in by_source.items():
        partner = {row["path"]: (row, other) for row, other in pairs}
        for name, rows in families({source: [row for row, _ in pairs]}).items():
            found[name] = [partner[row["path"]] for row in rows]
    return found


def _changed(pairs: Pairs) -> dict[str, int]:
    """Items whose answer at 0.5 turned right or wrong, and items that got another label."""
    right = [(_right(a), _right(b)) for a, b in pairs]
    return {
        "to_right": sum(not before and after for before, after in right),
        "to_wrong": sum(before and not after for before, after in right),
        "label": sum(a["label_given"] != b["label_given"] for a, b in pairs),
    }


def _right(row: Row) -> bool:
    return (float(row["p_fake"]) >= 0.5) == (row["label"] == "fake")


def table(found: Mapping[str, Any]) -> Table:
    """Slices down, metrics across: A → B, then the difference with its interval."""
    slices = {"all": found["all"], **found["sources"], **found["families"]}
    rows = [
        [name, str(values["items"]), *(_cell(values[m]) for m in SHOWN)] for name, values in slices.items() if values
    ]
    return Table("B against A", ["slice", "items", *(HEADS[name] for name in SHOWN)], rows)


def _cell(values: Mapping[str, Any]) -> str:
    if values["difference"] is None:
        return "–"
    low, high = values["interval"]
    sign = f"{values['difference']:+.3f}"
    span = "" if low is None else f" ({low:+.3f} … {high:+.3f})"
    return f"{number(values['a'])} → {number(values['b'])}: {sign}{span}"
