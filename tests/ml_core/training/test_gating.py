"""The gate and what is fitted after it, on answers that are made up so that the right result is known."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from ml_core.calibration import Calibration
from ml_core.datatypes import MEMBERS
from ml_core.models.ensemble import Gate
from ml_core.training import gating, metrics
from ml_core.training.answers import Answers
from ml_core.training.manifest import Item


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


def test_the_gate_learns_whom_to_trust() -> None:
    fitted = gating.fit(make_answers())
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


def test_outside_the_inconclusive_region_the_answers_are_right() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    truth = rng.random(20_000) < p
    bands = gating.choose_bands(p, truth, np.ones(20_000))
    assert truth[p >= bands.fake].mean() >= 0.95
    assert (~truth[p <= bands.real]).mean() >= 0.95
    assert bands.real < 0.2
    assert bands.fake > 0.8


def test_a_useless_detector_is_nearly_always_inconclusive() -> None:
    rng = np.random.default_rng(0)
    bands = gating.choose_bands(rng.random(2000), rng.random(2000) < 0.5, np.ones(2000))
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
