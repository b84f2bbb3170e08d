"""Pseudo-fakes: changed inside the face, untouched outside, repeatable, and blind to the label's camera."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ml_core.datatypes import Frame, Picture
from ml_core.faces import FaceDetector, crop
from ml_core.training.crops import CropCache
from ml_core.training.data import PSEUDO, Loader, Pairs, photographs
from ml_core.training.manifest import read_manifests, role
from ml_core.training.reconstruct import AutoEncoder, Reconstructors
from ml_core.training.self_blend import MEAN_LANDMARKS, Points, self_blend, self_blend_clip, similarity, swap
from tests.ml_core.training.toy import make_manifest


@pytest.fixture(scope="module")
def face(portrait: Picture) -> Picture:
    frame = Frame(index=0, time=None, image=portrait)
    return crop(frame.image, FaceDetector().detect([frame])[0].box)


@pytest.fixture(scope="module")
def landmarks(face: Picture) -> Points:
    return np.array(FaceDetector().detect([Frame(index=0, time=None, image=face)])[0].landmarks, np.float32)


def difference(a: Picture, b: Picture) -> NDArray[np.int64]:
    return np.asarray(np.abs(a.astype(int) - b.astype(int)).max(axis=-1))


@pytest.mark.parametrize("seed", range(8))
def test_a_pair_differs_in_the_face_and_nowhere_near_the_corners(face: Picture, landmarks: Points, seed: int) -> None:
    real, fake = self_blend(face, landmarks, np.random.default_rng(seed))
    changed = difference(real, fake)
    assert changed[80:160, 80:150].mean() > 0.5
    assert max(changed[y, x] for y in (0, -1) for x in (0, -1)) == 0


def test_the_same_seed_gives_the_same_pair(face: Picture, landmarks: Points) -> None:
    first, again = (self_blend(face, landmarks, np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[1], self_blend(face, landmarks, np.random.default_rng(4))[1])


def test_the_surrounding_is_as_often_the_changed_part_as_the_face(face: Picture, landmarks: Points) -> None:
    untouched = [np.array_equal(self_blend(face, landmarks, np.random.default_rng(s))[0], face) for s in range(20)]
    assert 4 <= sum(untouched) <= 16


def test_a_clip_trembles(face: Picture, landmarks: Points) -> None:
    clip = self_blend_clip(np.stack([face] * 3), np.stack([landmarks] * 3), np.random.default_rng(1))
    assert clip.shape == (3, *face.shape)
    assert not np.array_equal(clip[0], clip[1])
    assert difference(clip[0], clip[1]).mean() < difference(clip[0], face).mean() + 5


def test_a_swap_brings_another_face_in_the_colours_of_the_target(face: Picture, landmarks: Points) -> None:
    donor = np.ascontiguousarray(face[:, ::-1, ::-1])
    mirrored = landmarks * (-1, 1) + (face.shape[1] - 1, 0)
    swapped = swap(face, landmarks, donor, mirrored[[1, 0, 2, 4, 3]].astype(np.float32), np.random.default_rng(2))
    assert difference(swapped, face)[90:150, 90:140].mean() > 2
    assert np.abs(swapped[90:150, 90:140].mean(axis=(0, 1)) - face[90:150, 90:140].mean(axis=(0, 1))).max() < 40


def test_similarity_finds_what_was_done() -> None:
    turned = MEAN_LANDMARKS @ np.array([(0, 2), (-2, 0)], np.float32) + (5, 7)
    matrix = similarity(MEAN_LANDMARKS, turned.astype(np.float32))
    assert np.allclose(MEAN_LANDMARKS @ matrix[:, :2].T + matrix[:, 2], turned, atol=1e-4)


def test_a_real_only_photograph_has_one_role(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path)
    rows = "".join(f"real_{n % 3}.png,real,wild,,w{n},real_only\n" for n in range(80))
    manifest.write_text(manifest.read_text() + rows)
    items = read_manifests([manifest])
    roles = Counter(role(item) for item in items if item.split == "real_only")
    assert set(roles) == {"train", "val", "test"}
    assert roles["train"] > max(roles["val"], roles["test"])
    used = photographs(items)
    assert any(item.split == "real_only" for item in used)
    assert not any(item.fake or role(item) != "train" for item in used)


def pretending(tmp_path: Path, kind: str) -> Loader:
    """A loader whose every pair is made of photographs, in one way."""
    items, cache = read_manifests([make_manifest(tmp_path)]), CropCache(tmp_path / "crops")
    again = Reconstructors([AutoEncoder("shuffle")])
    return Loader(Pairs(items), cache, 4, 1, lambda _: 64, photographs(items), again, {kind: 1.0})


def test_a_pair_made_of_one_photograph_is_augmented_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_core.training.data.self_blend", lambda picture, *_: (picture, picture))
    batch = pretending(tmp_path, "self_blended").batch(0)
    assert np.array_equal(batch.pictures[0], batch.pictures[1])
    assert not np.array_equal(batch.pictures[0], batch.pictures[2])


@pytest.mark.parametrize("kind", PSEUDO)
def test_each_kind_of_pseudo_fake_differs_from_its_original_and_comes_again(tmp_path: Path, kind: str) -> None:
    loader = pretending(tmp_path, kind)
    pictures = loader.batch(3).pictures
    assert np.array_equal(pictures, loader.batch(3).pictures)
    changed = np.abs(pictures[0].astype(int) - pictures[1]).mean()
    assert 0 < changed < np.abs(pictures[0].astype(int) - pictures[2]).mean()
