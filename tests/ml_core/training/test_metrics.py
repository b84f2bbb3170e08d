"""Every metric against scikit-learn, with ties and without."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, roc_auc_score, roc_curve

from ml_core.training import metrics

RNG = np.random.default_rng(0)
TRUTH = RNG.random(400) < 0.4
SMOOTH = np.clip(RNG.normal(0.4 + 0.3 * TRUTH, 0.2), 0, 1)
TIED = SMOOTH.round(1)


@pytest.mark.parametrize("p", [SMOOTH, TIED])
def test_ranking_metrics_agree_with_scikit_learn(p: metrics.Floats) -> None:
    assert metrics.auc(TRUTH, p) == pytest.approx(roc_auc_score(TRUTH, p))
    assert metrics.average_precision(TRUTH, p) == pytest.approx(average_precision_score(TRUTH, p))
    assert metrics.brier(TRUTH, p) == pytest.approx(brier_score_loss(TRUTH, p))
    alarms, hits, _ = roc_curve(TRUTH, p)
    for limit in (0.01, 0.05):
        assert metrics.hits_at_alarms(TRUTH, p, limit) == pytest.approx(hits[alarms <= limit].max())


@pytest.mark.parametrize("p", [SMOOTH, TIED])
def test_equal_error_rate_lies_on_the_roc_curve(p: metrics.Floats) -> None:
    alarms, hits, _ = roc_curve(TRUTH, p, drop_intermediate=False)
    rate = metrics.equal_error_rate(TRUTH, p)
    assert np.interp(rate, alarms, hits) == pytest.approx(1 - rate, abs=1e-9)


def test_the_summary_at_a_threshold() -> None:
    found = metrics.summary(TRUTH, SMOOTH, 0.3, 0.7)
    called = SMOOTH >= 0.5
    assert found["f1"] == pytest.approx(f1_score(TRUTH, called))
    assert found["accuracy"] == pytest.approx((called == TRUTH).mean())
    assert found["coverage"] == pytest.approx(((SMOOTH <= 0.3) | (SMOOTH >= 0.7)).mean())
    assert found["false_alarms"] == pytest.approx((SMOOTH[~TRUTH] >= 0.7).mean())


def test_calibration_error_is_small_only_where_probabilities_are_true() -> None:
    p = np.random.default_rng(1).random(20_000)
    truth = np.random.default_rng(2).random(20_000) < p
    assert metrics.expected_calibration_error(truth, p) < 0.02
    assert metrics.expected_calibration_error(truth, np.sqrt(p)) > 0.1


def test_one_class_has_no_auc() -> None:
    truth, p = np.ones(3, bool), np.array([0.1, 0.2, 0.3])
    assert all(np.isnan(metric(truth, p)) for metric in (metrics.auc, metrics.equal_error_rate))


def test_the_interval_holds_the_figure_and_narrows_with_more_items() -> None:
    low, high = metrics.interval(metrics.auc, TRUTH, SMOOTH)
    assert low < metrics.auc(TRUTH, SMOOTH) < high
    few = metrics.interval(metrics.auc, TRUTH[:60], SMOOTH[:60])
    assert few[1] - few[0] > high - low
