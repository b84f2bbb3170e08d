"""Students learn from what the teacher said to the same pictures, and from the labels where it said nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from ml_core.models.cnn import CNN
from ml_core.training import distil, engine
from ml_core.training.crops import CropCache
from ml_core.training.data import Loader, Pairs
from ml_core.training.distil import Notes
from ml_core.training.manifest import read_manifests
from tests.ml_core.training.toy import make_manifest

LOGITS = torch.tensor([[2.0, -1.0], [0.5, 1.5]])
LABELS = torch.tensor([0, 1])


def test_without_a_teacher_it_is_cross_entropy() -> None:
    expected = functional.cross_entropy(LOGITS, LABELS, label_smoothing=0.05)
    unknown = torch.full((2, 2), torch.nan)
    torch.testing.assert_close(distil.loss(LOGITS, LABELS, None, 0.05), expected)
    torch.testing.assert_close(distil.loss(LOGITS, LABELS, unknown, 0.05), expected)


def test_a_teacher_of_the_same_opinion_leaves_half_of_the_label_loss() -> None:
    hard = functional.cross_entropy(LOGITS, LABELS)
    torch.testing.assert_close(distil.loss(LOGITS, LABELS, LOGITS, 0.0), hard / 2)


def test_the_gradient_points_to_the_teacher_and_survives_unknown_answers() -> None:
    logits = torch.zeros(2, 2, requires_grad=True)
    teacher = torch.tensor([[4.0, -4.0], [torch.nan, torch.nan]])
    distil.loss(logits, torch.tensor([1, 1]), teacher, 0.0).backward()  # type: ignore[no-untyped-call]
    gradient = logits.grad
    assert gradient is not None
    assert torch.isfinite(gradient).all()
    assert gradient[0, 0] < 0 < gradient[0, 1]  # towards the teacher's "real", against the label
    assert gradient[1, 1] < 0


def test_notes_outlive_the_process_and_grow(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "teacher.npy")
    notes.write(3, torch.arange(8.0).reshape(4, 2))
    notes.save()
    again = Notes(tmp_path / "teacher.npy")
    assert torch.equal(again.read(3, 2), torch.arange(8.0).reshape(4, 2))
    assert again.read(0, 3).isnan().all()
    assert again.read(1000, 2).isnan().all()


@pytest.mark.parametrize("size", [2, 4, 8])
def test_pair_n_is_the_same_whatever_the_batch(tmp_path: Path, size: int) -> None:
    pairs, cache = Pairs(read_manifests([make_manifest(tmp_path)])), CropCache(tmp_path / "crops")
    loader = Loader(pairs, cache, size=size, seed=1, side_at=lambda _: 64)
    pictures = np.concatenate([loader.batch(step).pictures for step in range(8 // size)])
    reference = Loader(pairs, cache, size=8, seed=1, side_at=lambda _: 64).batch(0).pictures
    assert np.array_equal(pictures, reference)


def test_a_training_writes_down_its_answers_by_pair(tmp_path: Path) -> None:
    torch.manual_seed(0)
    inputs, labels = torch.randn(4, 3, 64, 64), torch.tensor([0, 1, 0, 1])
    settings = engine.Settings(steps=3, batch=4, rate=1e-3, save_every=3)
    notes = Notes(tmp_path / "teacher.npy")

    def steps(first: int, last: int) -> list[engine.Step]:
        return [engine.Step(number, inputs, labels) for number in range(first, last)]

    engine.train(CNN(width=4), steps, settings, tmp_path / "cnn.safetensors", notes)
    kept = Notes(tmp_path / "teacher.npy")
    assert kept.read(0, 6).isfinite().all()
    assert kept.read(6, 1).isnan().all()
