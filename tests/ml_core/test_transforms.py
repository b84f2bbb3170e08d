"""Tensors and bands."""

import numpy as np
import pytest
from torchvision.transforms.v2.functional import normalize, to_image

from ml_core.transforms import CLIP, IMAGENET, Preprocessing, to_tensor
from ml_core.verdict import LABELS, SENTENCES, Bands, disagreement


@pytest.mark.parametrize("preprocessing", [IMAGENET, CLIP])
def test_it_agrees_with_torchvision(preprocessing: Preprocessing) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype(np.uint8)
    ours = to_tensor(crops, preprocessing.mean, preprocessing.std)
    for crop, tensor in zip(crops, ours, strict=True):
        theirs = normalize(to_image(crop).float() / 255, list(preprocessing.mean), list(preprocessing.std))
        np.testing.assert_allclose(tensor, theirs.numpy(), atol=1e-5)


@pytest.mark.parametrize("wrong", [np.zeros((2, 8, 8), np.uint8), np.zeros((2, 8, 8, 3), np.float32)])
def test_other_arrays_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        to_tensor(wrong, IMAGENET.mean, IMAGENET.std)


@pytest.mark.parametrize(
    ("p", "band"),
    [
        (0.0, "strong_real"),
        (0.10, "strong_real"),
        (0.11, "real"),
        (0.30, "real"),
        (0.31, "inconclusive"),
        (0.69, "inconclusive"),
        (0.70, "fake"),
        (0.90, "strong_fake"),
        (1.0, "strong_fake"),
    ],
)
def test_the_bands(p: float, band: str) -> None:
    assert Bands().band(p) == band
    assert SENTENCES[band].endswith(".")
    assert LABELS[band] in {"REAL", "FAKE", "INCONCLUSIVE"}


def test_edges_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValueError, match="rise"):
        Bands(real=0.8, fake=0.7)


def test_members_that_disagree_move_the_edges_apart() -> None:
    bands = Bands(widen=0.5)
    assert bands.widened(0.0) == bands
    apart = bands.widened(1.0)
    assert [apart.real, apart.fake] == pytest.approx([0.15, 0.85])
    assert apart.strong_real <= apart.real < apart.fake <= apart.strong_fake
    assert (bands.band(0.8), apart.band(0.8)) == ("fake", "inconclusive")


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([], 0), ([(0.9, 1)], 0), ([(0.0, 1), (1.0, 1)], 1), ([(0.0, 0), (1.0, 1)], 0), ([(0.0, 0), (1.0, 0)], 1)],
)
def test_disagreement_counts_members_by_their_weight(scores: list[tuple[float, float]], expected: float) -> None:
    assert disagreement(scores) == pytest.approx(expected)
