"""Small autoencoders: they learn to give pictures back, and what they give has the photograph's colours."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from ml_core.datatypes import Picture
from ml_core.training import reconstruct
from ml_core.training.reconstruct import UPSAMPLERS, AutoEncoder, Reconstructors, Upsampler, fit
from tests.ml_core.training.toy import picture

SCENES = [picture(fake=False, seed=seed) for seed in range(4)]


def drawn(rng: np.random.Generator) -> Picture:
    return SCENES[int(rng.integers(len(SCENES)))]


@pytest.mark.parametrize("upsampler", UPSAMPLERS)
def test_an_autoencoder_learns_to_give_pictures_back(upsampler: Upsampler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconstruct, "BATCH", 4)
    monkeypatch.setattr(reconstruct, "PATCH", 32)
    monkeypatch.setattr(reconstruct, "RATE", 5e-3)
    torch.manual_seed(1)
    model = AutoEncoder(upsampler, width=16)
    before = fit(model, drawn, seed=1, steps=1)
    after = fit(model, drawn, seed=1, steps=100)
    assert after < 0.85 * before


def test_what_comes_back_has_the_photograph_s_colours_and_traces_of_its_own() -> None:
    torch.manual_seed(1)
    original = picture(fake=False, seed=7)
    given = Reconstructors([AutoEncoder("transposed")]).reconstruct(original, np.random.default_rng(1))
    assert given.shape == original.shape
    assert not np.array_equal(given, original)
    coarse = [cv2.resize(part, (7, 7), interpolation=cv2.INTER_AREA).astype(int) for part in (given, original)]
    assert np.abs(coarse[0] - coarse[1]).mean() < 6  # of 255, although this autoencoder has learned nothing


def test_they_are_trained_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconstruct, "STEPS", 2)
    first = reconstruct.reconstructors(drawn, tmp_path)
    monkeypatch.setattr(reconstruct, "fit", lambda *_: pytest.fail("trained again"))
    again = reconstruct.reconstructors(drawn, tmp_path)
    for one, other in zip(first.models, again.models, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
