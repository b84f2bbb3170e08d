"""The gate and what is fitted after it, on answers that are made up so that the right result is known."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ml_core.calibration import Calibration
from ml_core.datatypes import MEMBERS
from ml_core.models.ensemble import Gate
from ml_core.training import gating, metrics
from ml_core.training.answers import Answers
from ml_core.training.manifest import Item
from ml_core.verdict import Bands


def make_answers(count: int = 400, seed: int = 0) -> Answers:
    """Member 2 (the ViT) is good, the others guess; the LSTM answers every other item."""
    rng = np.random.default_rng(seed)
    items = [
        Item(Path(f"{n}.png"), n % 2 == 0, "a" if n % 4 < 2 else "b", "", f"g{n // 2}", "val", f"{n}.png")
        for n in range(count)
    ]
    sign = np.array([1.0 if item.fake else -1.0 for item in items])
    margin = rng.normal(0, 2, (count, 4))
    margin[:, 2] = rng.normal(2 * sign, 1)
    present = np.ones((count, 4), bool)
    present[::2, 3] = False
    logits = np.stack([-margin / 2, margin / 2], axis=2).astype(np.float32)
    return Answers(items, logits, present, {})


@pytest.fixture(scope="module")
def fitted() -> gating.Fitted:
    """What is fitted to them."""
    return gating.fit(make_answers())


SUBSETS = [subset for subset in product([False, True], repeat=len(MEMBERS)) if any(subset)]


@pytest.mark.parametrize("subset", SUBSETS)
def test_the_gate_with_every_subset_of_members(subset: tuple[bool, ...]) -> None:
    torch.manual_seed(0)
    gate, present = Gate().eval(), torch.tensor([subset])
    logits = torch.randn(1, 4, 2)
    fused, weights = gate(logits, present)
    assert torch.isfinite(fused).all()
    assert weights.sum().item() == pytest.approx(1, abs=1e-6)
    assert (weights[~present] == 0).all()
    changed = torch.where(present[..., None], logits, torch.full_like(logits, 1e6))
    assert torch.equal(gate(changed, present)[0], fused)  # an absent member is not looked at


def test_without_any_member_there_is_no_answer() -> None:
    with pytest.raises(ValueError, match="at least one member"):
        Gate()(torch.zeros(1, 4, 2), torch.zeros(1, 4, dtype=torch.bool))


def test_the_gate_learns_whom_to_trust(fitted: gating.Fitted) -> None:
    fresh = make_answers(seed=1)
    fused, weights = gating.fuse(fitted.gate, fresh)
    assert weights[:, 2].mean() > 0.5
    plain = fresh.logits[:, :3].mean(axis=1)
    good, mean = (metrics.auc(fresh.truth, (x[:, 1] - x[:, 0]).astype(float)) for x in (fused, plain))
    assert good > mean + 0.02


def test_calibration_recovers_the_temperature_and_the_bias() -> None:
    rng = np.random.default_rng(0)
    margin = rng.normal(0, 3, 20_000)
    truth = rng.random(20_000) < 1 / (1 + np.exp(-(margin / 2.5 + 0.4)))
    logits = np.stack([-margin / 2, margin / 2], axis=1).astype(np.float32)
    found = gating.fit_calibration(logits, truth, np.ones(20_000))
    assert found.temperature == pytest.approx(2.5, rel=0.05)
    assert found.bias == pytest.approx(0.4, abs=0.05)


def agreed(p: NDArray[np.float64]) -> gating.Judged:
    """Answers on which all members agree."""
    return gating.Judged(p, np.zeros(len(p)))


def test_disagreement_widens_the_region_where_it_goes_with_mistakes() -> None:
    rng = np.random.default_rng(0)
    doubt = rng.choice([0.0, 0.8], 20_000)
    p = rng.random(20_000)
    truth = np.where(doubt > 0, rng.random(20_000) < 0.5, rng.random(20_000) < p)  # in doubt, the answer says nothing
    judged = gating.Judged(p, doubt)
    bands = gating.choose_bands(judged, truth, np.ones(20_000))
    assert bands.widen > 0
    decided = np.array([bands.widened(d).band(x) != "inconclusive" for x, d in zip(p, doubt, strict=True)])
    assert decided[doubt > 0].mean() < decided[doubt == 0].mean() / 4
    fake = np.array([bands.widened(d).band(x) in {"fake", "strong_fake"} for x, d in zip(p, doubt, strict=True)])
    assert truth[fake].mean() >= 0.95


@pytest.mark.parametrize("widen", [0.0, 0.25, 1.0, 3.0])
def test_moving_the_answer_is_moving_the_edges(widen: float) -> None:
    rng = np.random.default_rng(1)
    judged = gating.Judged(rng.random(500), rng.random(500))
    bands = Bands(0.1, 0.3, 0.7, 0.9, widen)
    fakeness, realness = judged.against(widen)
    for p, doubt, up, down in zip(judged.p, judged.doubt, fakeness, realness, strict=True):
        moved = bands.widened(doubt)
        assert (p >= moved.fake) == (up >= bands.fake)
        assert (p <= moved.real) == (down <= bands.real)


def test_outside_the_inconclusive_region_the_answers_are_right() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    truth = rng.random(20_000) < p
    bands = gating.choose_bands(agreed(p), truth, np.ones(20_000))
    assert truth[p >= bands.fake].mean() >= 0.95
    assert (~truth[p <= bands.real]).mean() >= 0.95
    assert bands.real < 0.2
    assert bands.fake > 0.8


def test_every_source_of_reals_bounds_the_false_alarms() -> None:
    rng = np.random.default_rng(0)
    p = np.concatenate([rng.uniform(0, 0.4, 500), rng.uniform(0.6, 1, 500)])
    truth = np.arange(1000) >= 500
    odd_camera = rng.uniform(0.5, 0.9, 100)
    without = gating.choose_bands(agreed(p), truth, np.ones(1000))
    bounded = gating.choose_bands(agreed(p), truth, np.ones(1000), [agreed(odd_camera)])
    assert without.fake < 0.7
    assert (odd_camera >= without.fake).mean() > 0.05
    assert (odd_camera >= bounded.fake).mean() <= 0.05


def with_real_only(answers: Answers, p_fake: float, count: int = 60) -> Answers:
    """The same with a source of real photographs on which every member leans towards `p_fake`."""
    items = [Item(Path(f"w{n}.png"), False, "wild", "", f"w{n}", "real_only", f"w{n}.png") for n in range(count)]
    margin = np.log(p_fake / (1 - p_fake))
    logits = np.tile(np.array([-margin / 2, margin / 2], np.float32), (count, 4, 1))
    present = np.ones((count, 4), bool)
    return Answers(
        [*answers.items, *items],
        np.concatenate([answers.logits, logits]),
        np.concatenate([answers.present, present]),
        {},
    )


def test_a_real_only_source_moves_the_threshold_and_nothing_else(fitted: gating.Fitted) -> None:
    suspicious = gating.fit(with_real_only(make_answers(), p_fake=0.95))
    assert suspicious.calibration == fitted.calibration
    assert all(torch.equal(a, b) for a, b in zip(fitted.gate.parameters(), suspicious.gate.parameters(), strict=True))
    assert suspicious.bands.fake > fitted.bands.fake


def test_a_constant_gate_gives_everybody_the_same_weight_on_every_item() -> None:
    answers = make_answers()
    gate = gating.fit_gate(answers, gating.balance(answers), seed=0, shape="constant")
    _, weights = gating.fuse(gate, answers)
    with_clip = answers.present[:, 3]
    assert np.allclose(weights[with_clip], weights[with_clip][0], atol=1e-6)
    assert weights[0, 2] > 0.5


def test_the_shape_with_the_larger_least_gain_ships() -> None:
    answers = make_answers(80, seed=3)
    weights = gating.balance(answers)
    gains = {s: gating.least_gain(answers, gating._cross_fitted(answers, weights, 0, s)[0]) for s in gating.SHAPES}
    assert gating.fit(answers).shape == max(gains, key=lambda shape: gains[shape])


def test_least_gain_is_that_of_the_worst_source() -> None:
    answers = make_answers(800)
    best = answers.logits[:, 2]
    assert gating.least_gain(answers, best) == pytest.approx(0, abs=1e-9)
    spoiled = best.copy()
    spoiled[[item.source == "b" for item in answers.items]] *= -1
    assert gating.least_gain(answers, spoiled) < -0.5


def test_a_useless_detector_is_nearly_always_inconclusive() -> None:
    rng = np.random.default_rng(0)
    bands = gating.choose_bands(agreed(rng.random(2000)), rng.random(2000) < 0.5, np.ones(2000))
    assert (bands.real, bands.fake) == (0.02, 0.98)


def test_sources_and_classes_weigh_the_same() -> None:
    answers = make_answers(40)
    lopsided = answers.where([*range(0, 40, 4), 1, 2, 3])
    weights = gating.balance(lopsided)
    totals = {
        key: sum(w for w, item in zip(weights, lopsided.items, strict=True) if (item.source, item.fake) == key)
        for key in {(item.source, item.fake) for item in lopsided.items}
    }
    assert max(totals.values()) == pytest.approx(min(totals.values()))


def test_probabilities_do_not_overflow() -> None:
    extreme = Calibration(0.5).p_fake(np.array([[-1e4, 1e4], [1e4, -1e4]]))
    assert extreme.tolist() == [1.0, 0.0]
