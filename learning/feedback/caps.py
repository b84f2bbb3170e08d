"""How much of a training set anybody may shape. Pure functions: same candidates and policy, same answer.

In this order, each over what the ones before it left:
1. account age: a label that rests on reporters waits until each of their accounts is old enough;
2. one label per cluster of near-duplicates, the one with the greatest weight;
3. per person and day;
4. per person, in items and as a share of the training set (replayed base data included);
5. class balance: the larger class at most so many times the smaller one (half of the base data is on either side).
4 and 5 make the set smaller, which makes the share smaller: they are repeated until nothing changes.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class CapPolicy:
    """The limits. `share_floor` and `balance_floor` let a small installation begin at all."""

    account_days: float = 7.0
    per_cluster: int = 1
    per_person_and_day: int = 20
    per_person: int = 20
    share: float = 0.05
    share_floor: int = 1
    balance: float = 2.0
    balance_floor: int = 10


@dataclass(frozen=True, slots=True)
class Candidate:
    """A label that could train. `people`: whose media it is and on whose word it rests, moderators excepted."""

    key: str
    label: str
    weight: float
    cluster: str
    day: date
    people: frozenset[int] = frozenset()
    youngest_days: float = float("inf")  # age of the youngest account whose word made the label


@dataclass(slots=True)
class Capped:
    """What may train, and why the rest may not: one of `REASONS` by key."""

    kept: list[Candidate] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


REASONS = {
    "account_age": "a reporter's account is still too young",
    "near_duplicate": "a near-duplicate is in the set already",
    "per_day": "one person may bring only so many items a day",
    "per_person": "one person may shape only so much of a training set",
    "class_balance": "the set would lean to one side",
}


def apply_caps(candidates: Iterable[Candidate], policy: CapPolicy, base_items: int = 0) -> Capped:
    """What is left of the candidates; `base_items`: how many items of base data are replayed beside them."""
    capped = Capped()
    ordered = sorted(candidates, key=lambda candidate: (-candidate.weight, candidate.day, candidate.key))
    kept = _old_enough(ordered, policy, capped)
    kept = _one_per_cluster(kept, policy, capped)
    kept = _per_day(kept, policy, capped)
    before = -1
    while len(kept) != before:
        before = len(kept)
        kept = _per_person(kept, policy, base_items, capped)
        kept = _balanced(kept, policy, base_items, capped)
    capped.kept = kept
    return capped


def person_limit(size: int, policy: CapPolicy) -> int:
    """How many items of a training set of this size one person may shape."""
    return min(policy.per_person, max(policy.share_floor, int(policy.share * size + 1e-9)))


def class_limit(smaller: int, base_items: int, policy: CapPolicy) -> int:
    """How many items the larger class may have beside so many of the smaller one."""
    return max(policy.balance_floor, int(policy.balance * smaller + (policy.balance - 1) * (base_items // 2)))


def _old_enough(candidates: list[Candidate], policy: CapPolicy, capped: Capped) -> list[Candidate]:
    return _split(candidates, [c.youngest_days >= policy.account_days for c in candidates], "account_age", capped)


def _one_per_cluster(candidates: list[Candidate], policy: CapPolicy, capped: Capped) -> list[Candidate]:
    seen: Counter[str] = Counter()
    fits = []
    for candidate in candidates:
        fits.append(seen[candidate.cluster] < policy.per_cluster)
        seen[candidate.cluster] += 1
    return _split(candidates, fits, "near_duplicate", capped)


def _per_day(candidates: list[Candidate], policy: CapPolicy, capped: Capped) -> list[Candidate]:
    keys = [[(person, candidate.day) for person in candidate.people] for candidate in candidates]
    return _split(candidates, _within(keys, policy.per_person_and_day), "per_day", capped)


def _per_person(candidates: list[Candidate], policy: CapPolicy, base_items: int, capped: Capped) -> list[Candidate]:
    limit = person_limit(len(candidates) + base_items, policy)
    return _split(candidates, _within([list(c.people) for c in candidates], limit), "per_person", capped)


def _balanced(candidates: list[Candidate], policy: CapPolicy, base_items: int, capped: Capped) -> list[Candidate]:
    sizes = Counter(candidate.label for candidate in candidates)
    if not sizes:
        return []
    larger = max(sorted(sizes), key=lambda label: sizes[label])
    limit = class_limit(len(candidates) - sizes[larger], base_items, policy)
    fits = _within([[c.label] if c.label == larger else [] for c in candidates], limit)
    return _split(candidates, fits, "class_balance", capped)


def _within(keys: list[list[Key]], limit: int) -> list[bool]:
    """Greedily, in order: does each entry still fit, with all of its keys below the limit?"""
    used: Counter[Key] = Counter()
    fits = []
    for names in keys:
        fits.append(all(used[name] < limit for name in names))
        if fits[-1]:
            used.update(names)
    return fits


def _split(candidates: list[Candidate], fits: list[bool], reason: str, capped: Capped) -> list[Candidate]:
    capped.left_out |= {c.key: reason for c, fit in zip(candidates, fits, strict=True) if not fit}
    return [c for c, fit in zip(candidates, fits, strict=True) if fit]
