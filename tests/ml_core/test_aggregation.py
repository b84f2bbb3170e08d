"""The robust mean and the choice of the person who decides."""

import numpy as np
import pytest

from ml_core.aggregation import most_suspicious, robust_mean, robust_means, suspicion


def test_one_frame_is_its_own_mean() -> None:
    logits = np.array([[0.25, -1.5]], np.float32)
    assert np.array_equal(robust_mean(logits), logits[0])


def test_the_order_of_frames_does_not_change_a_bit() -> None:
    logits = np.random.default_rng(0).normal(size=(16, 3, 2)).astype(np.float32)
    expected = robust_means(logits)
    for seed in range(5):
        shuffled = np.random.default_rng(seed).permutation(logits)
        assert np.array_equal(robust_means(shuffled), expected)


def test_a_few_wild_frames_do_not_decide() -> None:
    calm = np.tile(np.array([1.0, -1.0], np.float32), (16, 1))
    wild = calm.copy()
    wild[[2, 7, 11]] = [-50.0, 50.0]
    assert np.allclose(robust_mean(wild), robust_mean(calm))


def test_most_of_the_frames_do_decide() -> None:
    logits = np.tile(np.array([1.0, -1.0], np.float32), (10, 1))
    logits[:7] = [-1.0, 1.0]
    assert robust_mean(logits)[1] > robust_mean(logits)[0]


def test_no_frames_is_an_error() -> None:
    with pytest.raises(ValueError, match="no frames"):
        robust_mean(np.zeros((0, 2), np.float32))


def test_the_most_suspicious_person_who_may_decide_does() -> None:
    means = suspicion([(0, 0.2), (0, 0.4), (1, 0.9), (2, 0.5), (2, 0.7)])
    assert means == pytest.approx({0: 0.3, 1: 0.9, 2: 0.6})
    assert most_suspicious(means, {0, 1, 2}) == 1
    assert most_suspicious(means, {0, 2}) == 2


def test_a_tie_goes_to_the_earlier_track() -> None:
    assert most_suspicious({1: 0.5, 0: 0.5}, {1, 0}) == 0
