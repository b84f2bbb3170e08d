"""A toy data set drawn by code: "fake" pictures carry a fine checkerboard, and nothing else tells them apart."""

import csv
from pathlib import Path

import cv2
import numpy as np

from ml_core.training.crops import Crops

SPLITS = ("train",) * 8 + ("val",) * 6 + ("test",) * 4


def picture(fake: bool, seed: int, side: int = 224) -> Crops:
    """A soft random scene of (side, side, 3), with the checkerboard where it is fake."""
    rng = np.random.default_rng(seed)
    scene = cv2.resize(rng.integers(40, 216, (6, 6, 3)).astype(np.uint8), (side, side), interpolation=cv2.INTER_CUBIC)
    if fake:
        scene = np.clip(scene + 40.0 * (np.indices((side, side)).sum(axis=0)[..., None] // 2 % 2) - 20, 0, 255)
    return np.asarray(scene, np.uint8)


def make_manifest(folder: Path, splits: tuple[str, ...] = SPLITS) -> Path:
    """A manifest with pairs (real, fake) of pictures in the given splits, of two sources."""
    rows = []
    for number, split in enumerate(splits):
        for label in ("real", "fake"):
            path = folder / f"{label}_{number}.png"
            cv2.imwrite(str(path), picture(label == "fake", number))
            source = "even" if number % 2 == 0 else "odd"
            rows.append([path.name, label, source, "checkerboard", f"g{number}", split])
    manifest = folder / "toy.csv"
    with manifest.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["path", "label", "source", "family", "group", "split"], *rows])
    return manifest
