"""What the learning benchmarks play on: base data, and a manipulation made by code that the champion has not met.

The manipulation is what a careless generator's decoder does: half the resolution, brought back by a transposed
convolution with an uneven kernel, then sharpened. Fakes are made from real photographs of every source: those that
people confirm from `train`, those that are measured from `val`, so that no photograph is on both sides.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ml_core.training.feedback_run import lessons_of
from ml_core.training.lessons import FeatureStore, Lesson
from ml_core.training.manifest import Item, at_most, read_csv
from ml_core.training.policy import Features, Policy

Picture = NDArray[np.uint8]
KIND = "uneven_upsampling"


@dataclass(frozen=True, slots=True)
class World:
    """`confirmed`: fakes of the kind that people met; `others`: fakes of the kind that nobody showed; `replay`, `old`:
    base data to learn beside and to be measured on."""

    confirmed: list[Item]
    others: list[Item]
    replay: list[Item]
    old: list[Item]


def upsampled(picture: Picture) -> Picture:
    """(H, W, 3) → the same face as a decoder would have drawn it."""
    height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    small = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA).astype(np.float32)
    sparse = np.zeros((height, width, 3), np.float32)
    sparse[::2, ::2] = small
    row = np.array([1, 3, 3, 1], np.float32)
    kernel = np.outer(row, row) / row.sum() ** 2 * 4
    full = np.asarray(cv2.filter2D(sparse, -1, kernel), np.float32)
    full[::2, ::2] *= 1.02
    full[1::2, 1::2] *= 0.98
    sharp = full + 0.7 * (full - cv2.GaussianBlur(full, (0, 0), 1))
    return np.clip(sharp, 0, 255).astype(np.uint8)


def make_world(data: Path, folder: Path, confirmed: int, others: int, replay: int, old: int) -> World:
    """`replay` and `old` are per source and label. Files are made once; the same numbers give the same world."""
    items = read_csv(data / "faces.csv")
    base = at_most([item for item in items if item.split == "train"], replay)
    measured = at_most([item for item in items if item.split == "val"], old)
    taken = {(item.source, item.group) for item in base}
    free = [item for item in items if item.split == "train" and not item.fake]
    free = [item for item in free if (item.source, item.group) not in taken]
    sources = len({item.source for item in free})
    met = _fakes(at_most(free, -(-confirmed // sources)), folder / "confirmed")[:confirmed]
    reals = [item for item in measured if not item.fake]
    unmet = _fakes(at_most(reals, -(-others // sources)), folder / "others")[:others]
    return World(met, unmet, base, measured)


def _fakes(reals: Sequence[Item], folder: Path) -> list[Item]:
    """The manipulated copies, in a fixed order that mixes the sources."""
    folder.mkdir(parents=True, exist_ok=True)
    ordered = sorted(reals, key=lambda item: (item.path.stem, item.source))
    return [_fake(item, folder / f"{item.source}-{item.path.stem}.jpg") for item in ordered]


def _fake(item: Item, path: Path) -> Item:
    if not path.exists():
        picture = cv2.imread(str(item.path), cv2.IMREAD_COLOR)
        cv2.imwrite(str(path), upsampled(np.asarray(picture, np.uint8)), [cv2.IMWRITE_JPEG_QUALITY, 95])
    return Item(path, True, item.source, KIND, item.group, "train", path.name)


def lessons(items: Sequence[Item], share: str = "train") -> list[Lesson]:
    """Labelled items as a run gets them."""
    return lessons_of(items, "held_out" if share == "held_out" else "train")


def features(store: FeatureStore, items: Sequence[Item], what: str) -> list[tuple[Item, Features]]:
    """What the members see in each; told as it goes, since it takes a while the first time."""
    found = []
    for number, (item, lesson) in enumerate(zip(items, lessons(items), strict=True), start=1):
        seen = store.get(lesson)
        if seen.features is not None:
            found.append((item, seen.features))
        if number % 50 == 0 or number == len(items):
            print(f"{what}: {number} of {len(items)}", flush=True)
    return found


def store_for(folder: Path, policy: Policy) -> FeatureStore:
    """Features below `folder`."""
    return FeatureStore(folder / "features", policy, folder / "crops")


def write_manifest(items: Sequence[Item], path: Path) -> Path:
    """The items as a CSV manifest with absolute paths."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "source", "family", "group", "split"])
        for item in items:
            label = "fake" if item.fake else "real"
            writer.writerow([str(item.path.resolve()), label, item.source, item.family, item.group, item.split])
    return path
