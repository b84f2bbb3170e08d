"""Batches by pairs: every fake stands beside a real of its group, or of its source where the group has none.

A batch depends on the seed and the step alone, so that a run that was cut off goes on exactly where it was.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ml_core.config import FRAMES_PER_VIDEO
from ml_core.training.augment import augment
from ml_core.training.crops import CropCache, Crops
from ml_core.training.manifest import Item


@dataclass(frozen=True, slots=True)
class Batch:
    """`pictures` (B, side, side, 3) uint8; `labels` (B,) int64, 1 = fake."""

    step: int
    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]


class Pairs:
    """Draws pairs (real, fake); sources by the square root of their pictures, so that the small ones count."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.fakes: dict[str, list[Item]] = defaultdict(list)
        self.reals: dict[str, list[Item]] = defaultdict(list)
        self.by_group: dict[tuple[str, str], list[Item]] = defaultdict(list)
        for item in items:
            (self.fakes if item.fake else self.reals)[item.source].append(item)
            if not item.fake:
                self.by_group[item.source, item.group].append(item)
        self.sources = sorted(set(self.fakes) & set(self.reals))
        if not self.sources:
            raise ValueError("no source has both real and fake items to train on")
        sizes = np.sqrt([sum(map(_pictures, self.fakes[source])) for source in self.sources])
        self.shares = sizes / sizes.sum()

    def draw(self, rng: np.random.Generator) -> tuple[Item, Item]:
        """One (real, fake)."""
        source = self.sources[int(rng.choice(len(self.sources), p=self.shares))]
        fake = self.fakes[source][int(rng.integers(len(self.fakes[source])))]
        reals = self.by_group.get((source, fake.group)) or self.reals[source]
        return reals[int(rng.integers(len(reals)))], fake


def _pictures(item: Item) -> int:
    return FRAMES_PER_VIDEO if item.is_clip else 1


class Loader:
    """Batches from a step on, made one ahead in a thread while the model computes."""

    def __init__(self, pairs: Pairs, cache: CropCache, size: int, seed: int, side: int = 224) -> None:
        self.pairs, self.cache, self.size, self.seed, self.side = pairs, cache, size, seed, side

    def batches(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of steps first … last - 1."""
        with ThreadPoolExecutor(1) as pool:
            coming: Future[Batch] = pool.submit(self.batch, first)
            for step in range(first, last):
                ready, coming = coming, pool.submit(self.batch, min(step + 1, last - 1))
                yield ready.result()

    def batch(self, step: int) -> Batch:
        """The batch of one step: a function of seed and step alone."""
        rng = np.random.default_rng([self.seed, step])
        items = [item for _ in range(self.size // 2) for item in self.pairs.draw(rng)]
        pictures = [self._picture(self.cache.get(item), rng) for item in items]
        return Batch(step, np.stack(pictures), np.array([int(item.fake) for item in items]))

    def _picture(self, crops: Crops, rng: np.random.Generator) -> NDArray[np.uint8]:
        picture = augment(crops[int(rng.integers(len(crops)))], rng)
        if self.side != picture.shape[0]:
            picture = np.asarray(cv2.resize(picture, (self.side, self.side), interpolation=cv2.INTER_AREA), np.uint8)
        return picture
