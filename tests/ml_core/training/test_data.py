"""Manifests, pairs, crops and augmentation."""

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ml_core.training.augment import augment
from ml_core.training.crops import CropCache
from ml_core.training.data import Loader, Pairs
from ml_core.training.manifest import at_most, digest, read_manifests
from ml_core.training.sequences import View, camera_move, choose, show
from tests.ml_core.training.toy import make_manifest, picture


def test_a_manifest_is_read_whole(tmp_path: Path) -> None:
    items = read_manifests([make_manifest(tmp_path)])
    assert len(items) == 36
    assert {item.split for item in items} == {"train", "val", "test"}
    assert items[0].path == tmp_path / "real_0.png"


@pytest.mark.parametrize(
    ("row", "message"), [("x.png,maybe,s,f,g,train", "label"), ("x.png,real,s,f,g,later", "split")]
)
def test_a_wrong_line_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(f"path,label,source,family,group,split\n{row}\n")
    with pytest.raises(ValueError, match=rf"m\.csv:2.*{message}"):
        read_manifests([path])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("path,label\ngone.png,real\n")
    with pytest.raises(ValueError, match=r"gone\.png"):
        read_manifests([path])


@pytest.mark.parametrize("count", [3, 4, 30])
@pytest.mark.parametrize("paired", [True, False])
def test_a_folder_is_split_by_group_with_both_labels_in_every_split(tmp_path: Path, count: int, paired: bool) -> None:
    for label in ("real", "fake"):
        (tmp_path / label).mkdir()
        for number in range(count):
            (tmp_path / label / (f"{number}.jpg" if paired else f"{label}{number}.jpg")).touch()
    items = read_manifests([tmp_path])
    assert {(item.split, item.fake) for item in items} == {
        (split, fake) for split in ("train", "val", "test") for fake in (True, False)
    }
    splits = {(item.group, item.split) for item in items}
    assert len(splits) == len({item.group for item in items})
    assert sum(split == "train" for _, split in splits) >= len(splits) / 3


def test_at_most_takes_the_same_few_of_each_kind(tmp_path: Path) -> None:
    items = read_manifests([make_manifest(tmp_path)])
    few = at_most(items, 2)
    assert few == at_most(items[::-1], 2)[::-1]
    counts = [
        sum((i.source, i.split, i.fake) == key for i in few) for key in {(i.source, i.split, i.fake) for i in few}
    ]
    assert set(counts) == {2}
    assert digest(items) != digest(few)


def test_pairs_share_their_group(tmp_path: Path) -> None:
    pairs = Pairs(read_manifests([make_manifest(tmp_path)]))
    rng = np.random.default_rng(0)
    for _ in range(20):
        real, fake = pairs.draw(rng)
        assert (real.fake, fake.fake) == (False, True)
        assert real.group == fake.group


def test_a_source_of_one_class_is_not_trained_on(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path)
    with manifest.open("a", encoding="utf-8") as file:
        csv.writer(file).writerow(["real_0.png", "real", "real_only", "", "x", "train"])
    assert Pairs(read_manifests([manifest])).sources == ["even", "odd"]


def test_a_batch_depends_on_seed_and_step_alone(tmp_path: Path) -> None:
    pairs, cache = Pairs(read_manifests([make_manifest(tmp_path)])), CropCache(tmp_path / "crops")
    loader = Loader(pairs, cache, size=4, seed=1, side_at=lambda _: 64)
    batches = list(loader.batches(2, 5))
    assert [batch.step for batch in batches] == [2, 3, 4]
    assert batches[0].pictures.shape == (4, 64, 64, 3)
    assert batches[0].labels.tolist() == [0, 1, 0, 1]
    again = Loader(pairs, CropCache(tmp_path / "crops"), size=4, seed=1, side_at=lambda _: 64)
    assert np.array_equal(batches[2].pictures, again.batch(4).pictures)
    assert not np.array_equal(batches[0].pictures, batches[1].pictures)


def test_crops_are_made_once(tmp_path: Path) -> None:
    item = read_manifests([make_manifest(tmp_path)])[0]
    cache = CropCache(tmp_path / "crops")
    first = cache.get(item)
    assert first.shape == (1, 224, 224, 3)
    kept = next((tmp_path / "crops").iterdir())
    stamp = kept.stat().st_mtime_ns
    assert np.array_equal(cache.get(item), first)
    assert kept.stat().st_mtime_ns == stamp
    assert len(list((tmp_path / "crops").iterdir())) == 1


def test_augmentation_is_repeatable_and_changes_pictures() -> None:
    original = picture(fake=False, seed=1)
    results = [augment(original, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert all(result.shape == original.shape and result.dtype == np.uint8 for result in results)
    assert np.array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])


def test_a_still_becomes_a_clip_that_moves() -> None:
    clip = camera_move(np.stack([picture(fake=False, seed=1)] * 16), np.random.default_rng(0))
    assert clip.shape == (16, 224, 224, 3)
    steps = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(clip)]
    assert max(steps) > 0
    assert np.abs(clip[0].astype(int) - clip[-1]).mean() > max(steps)


def test_views_differ_by_number_and_are_repeatable(tmp_path: Path) -> None:
    item, cache = read_manifests([make_manifest(tmp_path)])[0], CropCache(tmp_path / "crops")
    first, again, other = (show(View(item, number), cache, 1) for number in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_pseudo_fake_clip_moves_as_its_original_and_trembles_inside(tmp_path: Path) -> None:
    item, cache = read_manifests([make_manifest(tmp_path)])[0], CropCache(tmp_path / "crops")
    real, fake = (show(View(item, 0, pretended), cache, 1).astype(int) for pretended in (False, True))
    changed = np.abs(real - fake).mean(axis=(0, 3))
    assert changed[90:150, 80:140].mean() > 3 * changed[:20].mean()
    trembling = np.diff(fake - real, axis=0)[:, 90:150, 80:140]
    assert np.abs(trembling).mean() > 0.2


def test_the_lstm_learns_from_pairs_of_every_kind(tmp_path: Path) -> None:
    items = [item for item in read_manifests([make_manifest(tmp_path)]) if item.split == "train"]
    chosen = choose(items, seed=1)
    pretended = [view for view in chosen if view.pretended]
    assert pretended
    assert all(not view.item.fake and view.fake for view in pretended)
    assert all(View(view.item, view.number) in chosen for view in pretended if not view.item.is_clip)
    assert abs(sum(view.fake for view in chosen) - len(chosen) / 2) <= sum(view.item.is_clip for view in chosen)
