"""The AUC of many weightings at once, against the plain one; the interval against a known one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning.registry.bootstrap import Ranks, compare
from learning.registry.scores import pair
from ml_core.training import metrics
from tests.registry.answers import population, sharper


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_weight_is_a_number_of_copies(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 30))
    grid = st.sampled_from([0.0, 0.1, 0.5, 0.5000001, 0.9, 1.0])  # with ties
    p = np.array(data.draw(st.lists(grid, min_size=count, max_size=count)))
    fake = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    copies = np.array(data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    expected = metrics.auc(np.repeat(fake, copies), np.repeat(p, copies))
    ranks = Ranks(fake, p)
    assert ranks.auc(copies[None, ranks.order].astype(float))[0] == pytest.approx(expected, nan_ok=True)


def test_the_interval_holds_what_it_should() -> None:
    """Of 60 made-up pairs without a true difference, the 95 % interval should miss zero in about 3."""
    missed = 0
    for seed in range(60):
        champion = population(80, seed=seed)
        rng = np.random.default_rng(1000 + seed)
        candidate = population(80, seed=2000 + seed)
        mixed = replace(champion, p=np.where(rng.random(160) < 0.5, candidate.p, champion.p))
        other = replace(champion, p=np.where(rng.random(160) < 0.5, candidate.p, champion.p))
        found = compare(pair(mixed, other), "overall", 300, 0)
        missed += not found.low <= 0 <= found.high
    assert missed <= 9


def test_the_same_seed_and_name_give_the_same_interval_and_the_paired_one_is_narrow() -> None:
    champion = population()
    both = pair(champion, sharper(champion, 0.05))
    first, again, other = (compare(both, "overall", 300, seed) for seed in (0, 0, 1))
    assert first == again != other
    alone = metrics.interval(metrics.auc, both.fake, both.champion.p, 300)
    assert first.high - first.low < (alone[1] - alone[0]) / 5
