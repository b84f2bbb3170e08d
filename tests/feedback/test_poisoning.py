"""The defences hold against people who lie, and each attack succeeds where they are switched off."""

import pytest

from benchmarks.poisoning import DEFENCES, Outcome, World, simulate

WORLD = World(items=1200)
BY_NAME = {defence.name: defence for defence in DEFENCES}


def outcome(name: str, attack: str) -> Outcome:
    return simulate(WORLD, BY_NAME[name], attack, seed=11)


def test_a_third_of_liars_hardly_poisons_anything() -> None:
    assert outcome("all defences", "flip").share < 0.05
    assert outcome("all defences", "flip").poisoned_by_reporters < 5


def test_without_defences_the_same_people_succeed() -> None:
    assert outcome("a click is a label", "flip").share > 0.2
    assert outcome("without trust and agreement", "flip").share > 0.08


@pytest.mark.parametrize("name", ["without caps", "a click is a label"])
def test_accounts_that_were_sold_succeed_without_caps(name: str) -> None:
    held, fallen = outcome("all defences", "sold"), outcome(name, "sold")
    assert held.share < 0.06
    assert fallen.share > 2 * held.share
    assert fallen.poisoned_by_reporters > 10 * max(held.poisoned_by_reporters, 1)
