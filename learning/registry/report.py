"""What the gate says, ready to be stored and shown."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

SliceState = Literal["ok", "worse", "small", "small_worse", "one_class"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits of the gate. A slice with fewer groups of either class than `least_groups` cannot hold the bound."""

    auc_margin: float = 0.005
    false_alarm_margin: float = 0.005
    ece_margin: float = 0.01
    canary_flips: float = 0.02
    least_groups: int = 30
    least_reals: int = 200  # half a point of fewer is less than one item
    rounds: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One slice: how many, the two AUCs, the 95 % interval of their difference, and what follows."""

    name: str
    fakes: int
    reals: int
    groups: int
    champion: float
    candidate: float
    low: float
    high: float
    state: SliceState

    @property
    def passed(self) -> bool:
        """Whether the slice alone would refuse nothing."""
        return self.state not in ("worse", "small_worse")


@dataclass(frozen=True, slots=True)
class Check:
    """One other rule: both values, the largest (or least) that is allowed, and over how many items."""

    code: str
    name: str
    items: int
    champion: float
    candidate: float
    limit: float
    passed: bool
    judged: bool = True


@dataclass(frozen=True, slots=True)
class Movement:
    """What changed on some items: mean loss, right answers, and which went which way."""

    items: int
    loss_before: float
    loss_after: float
    right_before: int
    right_after: int
    to_right: tuple[str, ...] = ()
    to_wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GateReport:
    """Passed or not, with everything that it was decided by."""

    passed: bool
    reasons: tuple[dict[str, str], ...]
    slices: tuple[SliceRow, ...]
    checks: tuple[Check, ...]
    improvement: Movement  # on held-out items: the only improvement that counts
    fit: Movement  # on items that training may have read: shown beside it, and named so
    policy: Policy = field(default_factory=Policy)

    def as_dict(self) -> dict[str, Any]:
        """For JSON, which knows no NaN."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
