"""What the LSTM learns from: sequences of the ResNeXt's features, of real clips and of stills turned into clips.

Real clips are few. A still becomes a clip by a slow camera move over its face, for real and fake stills in exactly
the same way, so that the movement itself says nothing about the label.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from ml_core.config import FRAMES_PER_VIDEO, INPUT_SIZE
from ml_core.models.member import Member
from ml_core.training import engine
from ml_core.training.answers import forward
from ml_core.training.augment import augment
from ml_core.training.crops import CropCache, Crops
from ml_core.training.data import Pairs
from ml_core.training.manifest import Item
from ml_core.training.members import Recipe, start

logger = logging.getLogger(__name__)

VIEWS_OF_A_CLIP = 2
STILL_PAIRS = 40


def camera_move(still: Crops, rng: np.random.Generator, frames: int = FRAMES_PER_VIDEO) -> Crops:
    """(1, 224, 224, 3) → (frames, 224, 224, 3): a smooth zoom, turn and shift over one picture."""
    first, last = (rng.uniform([0.85, -4, -8, -8], [1.0, 4, 8, 8]) for _ in range(2))
    centre = INPUT_SIZE / 2
    moved = []
    for share in 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, frames)):
        side, angle, x, y = first + (last - first) * share
        matrix = cv2.getRotationMatrix2D((centre, centre), angle, 1 / side)
        matrix[:, 2] += (x, y)
        moved.append(cv2.warpAffine(still[0], matrix, (INPUT_SIZE, INPUT_SIZE), borderMode=cv2.BORDER_REFLECT_101))
    return np.stack(moved).astype(np.uint8)


def view(item: Item, crops: Crops, number: int, seed: int) -> Crops:
    """One augmented clip of an item: the same change on every frame. The number of the view makes it repeatable."""
    key = [seed, number, *item.name.encode()]
    rng = np.random.default_rng(key)
    clip = crops if len(crops) > 1 else camera_move(crops, rng)
    clip = clip[np.linspace(0, len(clip) - 1, FRAMES_PER_VIDEO).round().astype(int)]
    return np.stack([augment(frame, np.random.default_rng([*key, 1])) for frame in clip])


def choose(items: Sequence[Item], seed: int) -> list[tuple[Item, int]]:
    """(item, number of the view): every clip several times, and pairs of stills."""
    clips = [item for item in items if item.is_clip]
    stills = [item for item in items if not item.is_clip]
    rng = np.random.default_rng(seed)
    pairs = Pairs(stills) if stills else None
    count = min(STILL_PAIRS, len(stills) // 2)
    drawn = [item for _ in range(count) for item in pairs.draw(rng)] if pairs else []
    return [(item, number) for number in range(VIEWS_OF_A_CLIP) for item in clips] + [(item, 0) for item in drawn]


def features_of(
    chosen: Sequence[tuple[Item, int]], resnext: Member, cache: CropCache, seed: int, log: Path
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(N, 16, 2048) features and (N,) labels of the chosen views; kept in `log` for the next run."""
    if not log.exists():
        sequences = []
        for index, (item, number) in enumerate(chosen):
            sequences.append(forward("resnext", resnext, view(item, cache.get(item), number, seed))[1])
            if (index + 1) % 20 == 0:
                logger.info("lstm: features of %d of %d clips", index + 1, len(chosen))
        save_file({"features": np.stack(sequences)}, log)
    features: NDArray[np.float32] = load_file(log)["features"]
    return features, np.array([int(item.fake) for item, _ in chosen])


def train_lstm(recipe: Recipe, items: Sequence[Item], resnext: Member, cache: CropCache, checkpoint: Path) -> Member:
    """Trains the LSTM on sequences of the finished ResNeXt; half of every batch is real, half fake."""
    settings = recipe.settings
    chosen = choose(items, settings.seed)
    log = checkpoint.with_name("sequences.safetensors")
    features, labels = features_of(chosen, resnext, cache, settings.seed, log)
    by_label = [np.flatnonzero(labels == label) for label in (0, 1)]

    def steps(first: int, last: int) -> Iterator[engine.Step]:
        for number in range(first, last):
            rng = np.random.default_rng([settings.seed, number])
            picked = np.concatenate([rng.choice(part, settings.batch // 2) for part in by_label])
            yield engine.Step(number, torch.from_numpy(features[picked]), torch.from_numpy(labels[picked]))

    return engine.train(start("lstm", recipe, None), steps, settings, checkpoint)
