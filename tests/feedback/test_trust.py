"""How far a reporter is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # comes with scikit-learn, the reference of our metrics

from learning.feedback.trust import MODERATOR_PRIOR, Posterior, beta_quantile, is_trusted

counts = st.integers(0, 100)


@pytest.mark.parametrize(("a", "b"), [(1, 1), (6, 1), (11, 2), (76, 26), (1, 101), (109, 1)])
def test_the_lower_bound_is_the_quantile_of_a_beta_distribution(a: int, b: int) -> None:
    assert beta_quantile(0.05, a, b) == pytest.approx(stats.beta.ppf(0.05, a, b), abs=1e-6)


def test_a_newcomer_is_not_believed_and_a_new_moderator_is() -> None:
    assert Posterior(0, 0).level == "low"
    assert Posterior(0, 0, MODERATOR_PRIOR).level == "medium"


def test_few_right_answers_are_not_enough() -> None:
    assert [is_trusted(Posterior(right, 0).lower) for right in range(7)] == [False] * 5 + [True] * 2
    assert Posterior(20, 0).level == "high"


def test_moderators_can_lose_it_on_known_cases() -> None:
    assert not is_trusted(Posterior(10, 10, MODERATOR_PRIOR).lower)


@given(counts, counts)
def test_the_bound_lies_below_the_mean_and_follows_every_answer(right: int, wrong: int) -> None:
    here = Posterior(right, wrong)
    assert 0 < here.lower < here.mean < 1
    assert Posterior(right, wrong + 1).lower < here.lower < Posterior(right + 1, wrong).lower


@given(st.integers(0, 1000))
def test_whoever_flips_every_answer_is_never_believed(answers: int) -> None:
    assert not is_trusted(Posterior(0, min(answers, 100)).lower)
