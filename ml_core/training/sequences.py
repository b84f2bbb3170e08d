"""What the LSTM learns from: sequences of the ResNeXt's features, of real clips and of stills turned into clips.

Real clips are few. A still becomes a clip by a slow camera move over its face, for real and fake stills in exactly
the same way, so that the movement itself says nothing about the label. Real clips and stills are also made into
pseudo-fakes whose inner face trembles from frame to frame, beside the same clip as it was.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from ml_core.config import FRAMES_PER_VIDEO, INPUT_SIZE
from ml_core.models.member import Member
from ml_core.training import distributed, engine
from ml_core.training.answers import forward
from ml_core.training.augment import augment
from ml_core.training.crops import CropCache, Crops
from ml_core.training.data import Pairs
from ml_core.training.manifest import Item
from ml_core.training.members import RANDOM, Recipe, Start, start
from ml_core.training.self_blend import self_blend_clip

logger = logging.getLogger(__name__)

VIEWS_OF_A_CLIP = 2
STILL_PAIRS = 40
PRETENDED = 40  # stills of which a pseudo-fake clip is made


@dataclass(frozen=True, slots=True)
class View:
    """One clip to learn from: an item under a numbered change, `pretended` where it is made a pseudo-fake."""

    item: Item
    number: int
    pretended: bool = False

    @property
    def fake(self) -> bool:
        """What the LSTM should answer."""
        return self.item.fake or self.pretended


def camera_move(clip: Crops, rng: np.random.Generator) -> Crops:
    """(T, 224, 224, 3) → the same under a smooth zoom, turn and shift."""
    first, last = (rng.uniform([0.85, -4, -8, -8], [1.0, 4, 8, 8]) for _ in range(2))
    centre = INPUT_SIZE / 2
    moved = []
    for frame, share in zip(clip, 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, len(clip))), strict=True):
        side, angle, x, y = first + (last - first) * share
        matrix = cv2.getRotationMatrix2D((centre, centre), angle, 1 / side)
        matrix[:, 2] += (x, y)
        moved.append(cv2.warpAffine(frame, matrix, (INPUT_SIZE, INPUT_SIZE), borderMode=cv2.BORDER_REFLECT_101))
    return np.stack(moved).astype(np.uint8)


def show(view: View, cache: CropCache, seed: int) -> Crops:
    """(16, 224, 224, 3): the same change on every frame. A pseudo-fake and its original move alike."""
    key = [seed, view.number, *view.item.name.encode()]
    crops = cache.get(view.item)
    clip = crops[np.linspace(0, len(crops) - 1, FRAMES_PER_VIDEO).round().astype(int)]
    if view.pretended:
        marks = np.stack([cache.landmarks(frame) for frame in clip])
        clip = self_blend_clip(clip, marks, np.random.default_rng([*key, 2]))
    if len(crops) == 1:
        clip = camera_move(clip, np.random.default_rng(key))
    return np.stack([augment(frame, np.random.default_rng([*key, 1])) for frame in clip])


def choose(items: Sequence[Item], seed: int) -> list[View]:
    """Every clip several times, pairs of stills, and pseudo-fakes of real clips and stills beside what they were."""
    clips = [item for item in items if item.is_clip]
    stills = [item for item in items if not item.is_clip]
    rng = np.random.default_rng(seed)
    count = min(STILL_PAIRS, len(stills) // 2)
    paired = [item for _ in range(count) for item in Pairs(stills).draw(rng)] if stills else []
    chosen = [View(item, number) for number in range(VIEWS_OF_A_CLIP) for item in clips]
    chosen += [View(item, 0) for item in paired]
    chosen += [View(item, 0, pretended=True) for item in clips if not item.fake]
    return chosen + [View(item, 1, pretended) for item in _some_real(stills, rng) for pretended in (False, True)]


def _some_real(stills: Sequence[Item], rng: np.random.Generator) -> list[Item]:
    reals = [item for item in stills if not item.fake]
    return [reals[int(index)] for index in rng.permutation(len(reals))[:PRETENDED]]


def features_of(
    chosen: Sequence[View], resnext: Member, cache: CropCache, seed: int, log: Path
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(N, 16, 2048) features and (N,) labels of the chosen views; kept in `log` for the next run."""
    if not log.exists():
        sequences = []
        for index, view in enumerate(chosen):
            sequences.append(forward("resnext", resnext, show(view, cache, seed))[1])
            if (index + 1) % 20 == 0:
                logger.info("lstm: features of %d of %d clips", index + 1, len(chosen))
        save_file({"features": np.stack(sequences)}, log)
    features: NDArray[np.float32] = load_file(log)["features"]
    return features, np.array([int(view.fake) for view in chosen])


def train_lstm(
    recipe: Recipe, items: Sequence[Item], resnext: Member, cache: CropCache, checkpoint: Path, begin: Start = RANDOM
) -> Member:
    """Trains the LSTM on sequences of the finished ResNeXt; half of every batch is real, half fake."""
    settings = recipe.settings
    if not settings.steps:  # it stays as it began: nobody needs the sequences
        return start("lstm", recipe, begin).eval()
    chosen = choose(items, settings.seed)
    log = checkpoint.with_name("sequences.safetensors")
    with distributed.leader_first():
        features, labels = features_of(chosen, resnext, cache, settings.seed, log)
    by_label = [np.flatnonzero(labels == label) for label in (0, 1)]

    def steps(first: int, last: int) -> Iterator[engine.Step]:
        for number in range(first, last):
            rng = np.random.default_rng([settings.seed, number])
            picked = np.concatenate([rng.choice(part, settings.batch // 2) for part in by_label])
            yield engine.Step(number, torch.from_numpy(features[picked]), torch.from_numpy(labels[picked]))

    return engine.train(start("lstm", recipe, begin), steps, settings, checkpoint)
