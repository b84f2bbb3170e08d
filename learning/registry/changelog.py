"""An evaluation as people read it: better on, worse on, what was refused and why, every slice and every rule."""

from dataclasses import dataclass
from typing import Any

from learning.registry.models import Evaluation

RESULTS = {
    "ok": "not worse",
    "worse": "worse",
    "small": "too few to judge alone",
    "small_worse": "proven worse",
    "one_class": "one class only",
}
DIRECTIONS = {"better": "REAL", "worse": "FAKE", "same": "cancelled"}  # the shapes of the badges


@dataclass(frozen=True, slots=True)
class SliceLine:
    """One row of the table. `direction`: better, worse, or same, by the interval."""

    name: str
    items: str
    champion: str
    candidate: str
    difference: str
    interval: str
    result: str
    passed: bool
    direction: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One of the other rules."""

    name: str
    items: int
    champion: str
    candidate: str
    limit: str
    result: str
    passed: bool


@dataclass(frozen=True, slots=True)
class MovementLine:
    """What changed on some items; `name` says whether that counts."""

    name: str
    items: int
    right: str
    loss: str
    to_right: int
    to_wrong: int


@dataclass(frozen=True, slots=True)
class Changelog:
    """Everything about one evaluation."""

    slices: tuple[SliceLine, ...]
    rules: tuple[RuleLine, ...]
    movements: tuple[MovementLine, ...]
    reasons: tuple[str, ...]

    @property
    def better(self) -> list[SliceLine]:
        """Slices whose whole interval lies above zero."""
        return [line for line in self.slices if line.direction == "better"]

    @property
    def worse(self) -> list[SliceLine]:
        """Slices whose whole interval lies below zero."""
        return [line for line in self.slices if line.direction == "worse"]


def changelog(row: Evaluation) -> Changelog:
    """From the stored report."""
    report = row.report
    movements = (("Held-out items: this is the improvement", "improvement"), ("Open to training: only a fit", "fit"))
    return Changelog(
        tuple(_slice(part) for part in report.get("slices", [])),
        tuple(_rule(part) for part in report.get("checks", [])),
        tuple(_movement(name, report[key]) for name, key in movements if report.get(key, {}).get("items")),
        tuple(reason["text"] for reason in report.get("reasons", [])),
    )


def _slice(part: dict[str, Any]) -> SliceLine:
    known = part["champion"] is not None
    low, high = part["low"], part["high"]
    direction = "same" if not known or low is None else "better" if low > 0 else "worse" if high < 0 else "same"
    return SliceLine(
        name=part["name"],
        items=f"{part['fakes']} + {part['reals']}",
        champion=_number(part["champion"]),
        candidate=_number(part["candidate"]),
        difference=_signed(part["candidate"] - part["champion"]) if known else "–",
        interval=f"{_signed(low)} to {_signed(high)}" if known and low is not None else "–",
        result=RESULTS[part["state"]],
        passed=part["state"] not in ("worse", "small_worse"),
        direction=direction,
    )


def _rule(part: dict[str, Any]) -> RuleLine:
    show = FORMS.get(part["code"], _number)
    result = "not judged" if not part["judged"] else "holds" if part["passed"] else "broken"
    before, after, limit = (show(part[key]) for key in ("champion", "candidate", "limit"))
    return RuleLine(part["name"], part["items"], before, after, limit, result, part["passed"])


def _movement(name: str, part: dict[str, Any]) -> MovementLine:
    right = f"{part['right_before']} → {part['right_after']}"
    loss = f"{_number(part['loss_before'])} → {_number(part['loss_after'])}"
    return MovementLine(name, part["items"], right, loss, len(part["to_right"]), len(part["to_wrong"]))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _count(value: float | None) -> str:
    return "–" if value is None else str(int(value))


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "−")


FORMS = {
    "false_alarms": _percent,
    "canary": _percent,
    "unanswered": _count,
    "regression": _count,
    "regression_fit": _count,
}
