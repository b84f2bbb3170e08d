"""How much of a training set anybody may shape, as properties over arbitrary candidates."""

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning.feedback.caps import (
    REASONS,
    Candidate,
    Capped,
    CapPolicy,
    apply_caps,
    class_limit,
    person_limit,
)

DAY = date(2026, 11, 1)
policies = st.builds(
    CapPolicy,
    account_days=st.sampled_from([0.0, 7.0]),
    per_cluster=st.integers(1, 2),
    per_person_and_day=st.integers(1, 8),
    per_person=st.integers(1, 20),
    share=st.sampled_from([0.05, 0.2, 1.0]),
    share_floor=st.integers(1, 4),
    balance=st.sampled_from([1.0, 2.0]),
    balance_floor=st.integers(0, 10),
)
people = st.frozensets(st.integers(1, 8), max_size=3)


@st.composite
def sets(draw: st.DrawFn) -> list[Candidate]:
    count = draw(st.integers(0, 60))
    return [
        Candidate(
            key=f"{number:03}",
            label=draw(st.sampled_from(["real", "fake"])),
            weight=draw(st.sampled_from([0.7, 0.9, 1.0])),
            cluster=draw(st.sampled_from([f"c{n}" for n in range(30)])),
            day=date(2026, 11, draw(st.integers(1, 5))),
            people=draw(people),
            youngest_days=draw(st.sampled_from([1.0, 30.0, float("inf")])),
        )
        for number in range(count)
    ]


base = st.integers(0, 300)


@settings(max_examples=40)
@given(sets(), policies, base)
def test_every_limit_holds_in_what_is_kept(candidates: list[Candidate], policy: CapPolicy, base_items: int) -> None:
    kept = apply_caps(candidates, policy, base_items).kept
    per_person = Counter(person for one in kept for person in one.people)
    per_day = Counter((person, one.day) for one in kept for person in one.people)
    labels = Counter(one.label for one in kept)
    assert all(one.youngest_days >= policy.account_days for one in kept)
    assert max(Counter(one.cluster for one in kept).values(), default=0) <= policy.per_cluster
    assert max(per_day.values(), default=0) <= policy.per_person_and_day
    assert max(per_person.values(), default=0) <= person_limit(len(kept) + base_items, policy)
    if labels:
        smaller, larger = sorted([labels["real"], labels["fake"]])
        assert larger <= class_limit(smaller, base_items, policy)


@settings(max_examples=40)
@given(sets(), policies, base)
def test_everything_is_either_kept_or_has_a_reason(
    candidates: list[Candidate], policy: CapPolicy, base_items: int
) -> None:
    capped = apply_caps(candidates, policy, base_items)
    keys = [one.key for one in capped.kept]
    assert sorted([*keys, *capped.left_out]) == sorted(one.key for one in candidates)
    assert set(capped.left_out.values()) <= set(REASONS)


@settings(max_examples=40)
@given(sets(), policies, base, st.randoms())
def test_the_order_in_which_candidates_come_does_not_matter(
    candidates: list[Candidate], policy: CapPolicy, base_items: int, random: object
) -> None:
    shuffled = sorted(candidates, key=lambda _: random.random())  # type: ignore[attr-defined]  # a random.Random
    assert apply_caps(shuffled, policy, base_items) == apply_caps(candidates, policy, base_items)


@settings(max_examples=40)
@given(sets(), policies, base)
def test_what_was_kept_would_be_kept_again(candidates: list[Candidate], policy: CapPolicy, base_items: int) -> None:
    kept = apply_caps(candidates, policy, base_items).kept
    assert apply_caps(kept, policy, base_items).kept == kept


def many(count: int, person: int, label: str = "fake") -> list[Candidate]:
    keys = [f"p{person}-{label}-{n}" for n in range(count)]
    return [Candidate(key, label, 1.0, key, DAY, frozenset({person})) for key in keys]


def crowd(size: int) -> list[Candidate]:
    """So many people with one item each, half of them fake."""
    return [one for n in range(size) for one in many(1, 1000 + n, "fake" if n % 2 else "real")]


@pytest.mark.parametrize(("others", "base_items", "expected"), [(0, 0, 1), (100, 0, 5), (100, 200, 15), (0, 2000, 20)])
def test_one_person_is_at_most_a_twentieth_and_twenty_items(others: int, base_items: int, expected: int) -> None:
    kept = apply_caps([*many(60, 1, "real"), *crowd(others)], CapPolicy(per_person_and_day=100), base_items).kept
    assert sum(1 in one.people for one in kept) == expected


def test_the_best_supported_of_a_cluster_stays() -> None:
    first, second = (replace(one, cluster="same") for one in many(2, 1))
    capped = apply_caps([replace(first, weight=0.7), second], CapPolicy(share_floor=5))
    assert [one.key for one in capped.kept] == [second.key]
    assert capped.left_out == {first.key: "near_duplicate"}


def test_young_accounts_wait() -> None:
    capped = apply_caps([replace(one, youngest_days=6.9) for one in many(1, 1)], CapPolicy())
    assert capped == Capped([], {"p1-fake-0": "account_age"})


def test_a_wave_of_one_class_is_cut() -> None:
    wave = [one for person in range(60) for one in many(1, person)]
    assert len(apply_caps(wave, CapPolicy(share_floor=1)).kept) == 10
    assert len(apply_caps(wave, CapPolicy(share_floor=1), base_items=100).kept) == 50
