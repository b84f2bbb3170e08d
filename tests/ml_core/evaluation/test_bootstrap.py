"""The weighted metrics against scikit-learn, and what the intervals promise."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference

from ml_core.evaluation.bootstrap import FAKE, METRICS, REAL, UNSURE, Sample, draws, intervals, point

RNG = np.random.default_rng(0)
COUNT = 300
TRUTH = RNG.random(COUNT) < 0.4
SMOOTH = np.clip(RNG.normal(0.4 + 0.3 * TRUTH, 0.2), 0, 1)
WEIGHTS = RNG.integers(0, 4, (5, COUNT)).astype(float)
PLAIN: dict[str, Callable[..., Any]] = {
    "auc": reference.roc_auc_score,
    "average_precision": reference.average_precision_score,
    "brier": reference.brier_score_loss,
}
DECIDED: dict[str, Callable[..., Any]] = {
    "accuracy": reference.accuracy_score,
    "balanced_accuracy": reference.balanced_accuracy_score,
    "precision": reference.precision_score,
    "recall": reference.recall_score,
    "f1": reference.f1_score,
}


def sample(p: Any = SMOOTH, groups: Any = None) -> Sample:
    said = np.where(p >= 0.7, FAKE, np.where(p <= 0.3, REAL, UNSURE))
    return Sample(TRUTH, p, said, np.arange(COUNT) if groups is None else groups)


@pytest.mark.parametrize("p", [SMOOTH, SMOOTH.round(1)], ids=["smooth", "tied"])
@pytest.mark.parametrize("name", [*PLAIN, *DECIDED])
def test_every_metric_agrees_with_scikit_learn_under_weights(name: str, p: Any) -> None:
    ours = METRICS[name](sample(p), WEIGHTS)
    given = p if name in PLAIN else p >= 0.5
    theirs = [(PLAIN | DECIDED)[name](TRUTH, given, sample_weight=weights) for weights in WEIGHTS]
    assert ours == pytest.approx(theirs)


@pytest.mark.parametrize("p", [SMOOTH, SMOOTH.round(1)], ids=["smooth", "tied"])
def test_points_of_the_roc_curve_agree_with_scikit_learn_under_weights(p: Any) -> None:
    for row, weights in enumerate(WEIGHTS):
        alarms, hits, _ = reference.roc_curve(TRUTH, p, sample_weight=weights, drop_intermediate=False)
        for limit, name in ((0.01, "tpr_at_1_fpr"), (0.05, "tpr_at_5_fpr")):
            assert METRICS[name](sample(p), WEIGHTS)[row] == pytest.approx(hits[alarms <= limit].max())
        rate = METRICS["eer"](sample(p), WEIGHTS)[row]
        assert np.interp(rate, alarms, hits) == pytest.approx(1 - rate, abs=1e-6)


@pytest.mark.parametrize("name", sorted(set(METRICS) - {"ece"}))
def test_a_weight_is_as_good_as_so_many_copies(name: str) -> None:
    copies = np.repeat(np.arange(COUNT, dtype=np.int64), WEIGHTS[0].astype(int))
    assert METRICS[name](sample(), WEIGHTS)[0] == pytest.approx(point(METRICS[name], sample().where(copies)))


def test_the_shipped_words_are_counted_as_they_were_given() -> None:
    found = {name: point(METRICS[name], sample()) for name in METRICS}
    assert found["false_alarms"] == pytest.approx((SMOOTH[~TRUTH] >= 0.7).mean())
    assert found["fakes_not_called_real"] == pytest.approx((SMOOTH[TRUTH] > 0.3).mean())
    decided = (SMOOTH >= 0.7) | (SMOOTH <= 0.3)
    assert found["coverage"] == pytest.approx(decided.mean())
    assert found["accuracy_outside_inconclusive"] == pytest.approx(((SMOOTH >= 0.7) == TRUTH)[decided].mean())


def test_calibration_error_is_small_only_where_probabilities_are_true() -> None:
    p = np.random.default_rng(1).random(20_000)
    truth = np.random.default_rng(2).random(20_000) < p
    said, groups = np.full(20_000, UNSURE), np.arange(20_000)
    assert point(METRICS["ece"], Sample(truth, p, said, groups)) < 0.02
    assert point(METRICS["ece"], Sample(truth, np.sqrt(p), said, groups)) > 0.1


def test_without_one_of_the_classes_there_is_no_ranking() -> None:
    alone = sample().where(TRUTH)
    for name in ("auc", "eer", "tpr_at_1_fpr", "false_alarms", "balanced_accuracy"):
        assert np.isnan(point(METRICS[name], alone)), name
    assert np.isnan(intervals(alone, ["auc"], 50)["auc"]).all()


def test_items_of_a_group_are_drawn_together_so_copies_do_not_narrow_the_interval() -> None:
    four = np.repeat(np.arange(COUNT), 4)
    honest = Sample(TRUTH[four], SMOOTH[four], sample().said[four], four)
    naive = Sample(TRUTH[four], SMOOTH[four], sample().said[four], np.arange(4 * COUNT))
    widths = [np.ptp(intervals(s, ["auc"], 300)["auc"]) for s in (sample(), honest, naive)]
    assert widths[1] == pytest.approx(widths[0], rel=0.25)
    assert widths[2] < 0.7 * widths[1]


def test_the_interval_holds_the_figure_and_every_draw_has_as_many_groups() -> None:
    for name, (low, high) in intervals(sample(), list(METRICS), 200).items():
        if name != "ece":  # the draws' calibration errors lie above the items' own
            assert low <= point(METRICS[name], sample()) <= high, name
    assert all((weights.sum(axis=1) == COUNT).all() for weights in draws(sample().groups, 20))
