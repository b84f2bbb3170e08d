"""AUC slice by slice: rules 2 and 3 of the gate."""

from collections.abc import Iterator

import numpy as np

from learning.registry import bootstrap
from learning.registry.report import Policy, SliceRow, SliceState
from learning.registry.scores import Flags, Pair, Scores

OVERALL, SMALL = "overall", "small slices together"


def slice_rows(held: Pair, policy: Policy) -> Iterator[SliceRow]:
    """Overall first, then every set, source and family, then the small ones together."""
    small = np.zeros(len(held.fake), bool)
    for name, chosen in _masks(held):
        row = _slice(held.where(chosen), name, policy)
        if row.state.startswith("small"):
            small |= chosen
        yield row
    if small.any():
        yield _slice(held.where(small), SMALL, policy)


def _masks(held: Pair) -> Iterator[tuple[str, Flags]]:
    """Overall, every set, every source of a set, every family with its source's reals; no slice twice."""
    rows, seen = held.champion, set[bytes]()
    for name, chosen in _all_masks(rows):
        if (content := chosen.tobytes()) not in seen:
            seen.add(content)
            yield name, chosen


def _all_masks(rows: Scores) -> Iterator[tuple[str, Flags]]:
    yield OVERALL, np.ones(len(rows), bool)
    for name in np.unique(rows.set):
        yield str(name), rows.set == name
    for name, source in sorted(set(zip(rows.set.tolist(), rows.source.tolist(), strict=True))):
        yield f"{name}/{source}", (rows.set == name) & (rows.source == source)
    fakes = zip(*(part[rows.fake].tolist() for part in (rows.set, rows.source, rows.family)), strict=True)
    for name, source, family in sorted(set(fakes)):
        inside = (rows.set == name) & (rows.source == source)
        yield f"{name}/{source}/{family or 'fakes'}", inside & (~rows.fake | (rows.family == family))


def _slice(part: Pair, name: str, policy: Policy) -> SliceRow:
    found = bootstrap.compare(part, name, policy.rounds, policy.seed)
    groups = part.champion.group
    least = min(len(np.unique(groups[part.fake])), len(np.unique(groups[~part.fake])))
    fakes = int(part.fake.sum())
    return SliceRow(
        name=name,
        fakes=fakes,
        reals=len(part.fake) - fakes,
        groups=len(np.unique(groups)),
        champion=found.champion,
        candidate=found.candidate,
        low=found.low,
        high=found.high,
        state=_state(found, least, policy, strictly=name == OVERALL),
    )


def _state(found: bootstrap.Difference, least: int, policy: Policy, strictly: bool) -> SliceState:
    if np.isnan(found.value):
        return "one_class"
    if least < policy.least_groups and not strictly:
        return "small_worse" if found.high < 0 else "small"
    return "ok" if found.low >= -policy.auc_margin else "worse"
