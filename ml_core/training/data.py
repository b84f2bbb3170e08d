"""Batches by pairs: every fake stands beside a real of its group, or of its source where the group has none.

A pair depends on the seed and its number alone: a run that was cut off goes on exactly where it was, and members of
the same seed see the same pictures, whatever the size of their batches.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ml_core.config import FRAMES_PER_VIDEO, INPUT_SIZE
from ml_core.training.augment import augment
from ml_core.training.crops import CropCache
from ml_core.training.manifest import Item, role
from ml_core.training.self_blend import Picture, self_blend, swap

PSEUDO = 0.25  # share of the pairs that are made from photographs alone
SELF_BLENDED = 0.7  # of those; the others are swaps between two people


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


class Photographs:
    """Real stills to make pseudo-fakes from; sources by the square root of their number."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.by_source: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            self.by_source[item.source].append(item)
        self.sources = sorted(self.by_source)
        sizes = np.sqrt([len(self.by_source[source]) for source in self.sources])
        self.shares = sizes / max(1.0, sizes.sum())

    def draw(self, rng: np.random.Generator, count: int) -> list[Item]:
        """Some photographs of one source."""
        items = self.by_source[self.sources[int(rng.choice(len(self.sources), p=self.shares))]]
        return [items[int(rng.integers(len(items)))] for _ in range(count)]


def photographs(items: Iterable[Item]) -> list[Item]:
    """The real stills that may be trained on, those of real-only sources among them."""
    return [item for item in items if not item.fake and not item.is_clip and role(item) == "train"]


class Loader:
    """Batches from a step on, made one ahead in a thread while the model computes.

    A share `PSEUDO` of the pairs is made from `photographs` alone, where there are any.
    """

    def __init__(
        self,
        pairs: Pairs,
        cache: CropCache,
        size: int,
        seed: int,
        side: int = INPUT_SIZE,
        photographs: Sequence[Item] = (),
    ) -> None:
        self.pairs, self.cache, self.size, self.seed, self.side = pairs, cache, size, seed, side
        self.photographs = Photographs(photographs) if photographs else None

    def batches(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of steps first … last - 1."""
        with ThreadPoolExecutor(1) as pool:
            coming: Future[Batch] = pool.submit(self.batch, first)
            for step in range(first, last):
                ready, coming = coming, pool.submit(self.batch, min(step + 1, last - 1))
                yield ready.result()

    def batch(self, step: int) -> Batch:
        """The batch of one step: the pairs from number step × size / 2 on."""
        count = self.size // 2
        pictures = [picture for number in range(step * count, (step + 1) * count) for picture in self._pair(number)]
        return Batch(step, np.stack(pictures), np.tile([0, 1], count))

    def _pair(self, number: int) -> list[Picture]:
        """A real and a fake picture that met the same camera, crop and platform: only the manipulation differs."""
        rng = np.random.default_rng([self.seed, number])
        if self.photographs is not None and rng.random() < PSEUDO:
            pair = self._pretended(self.photographs, rng)
        else:
            pair = [self._any_crop(item, rng) for item in self.pairs.draw(rng)]
        seed = int(rng.integers(2**63))
        return [self._sized(augment(picture, np.random.default_rng(seed))) for picture in pair]

    def _pretended(self, photographs: Photographs, rng: np.random.Generator) -> list[Picture]:
        items = photographs.draw(rng, count=1 if rng.random() < SELF_BLENDED else 2)
        crops = [self._any_crop(item, rng) for item in items]
        marks = [self.cache.landmarks(crop) for crop in crops]
        if len(crops) == 1:
            return list(self_blend(crops[0], marks[0], rng))
        return [crops[0], swap(crops[0], marks[0], crops[1], marks[1], rng)]

    def _any_crop(self, item: Item, rng: np.random.Generator) -> Picture:
        crops = self.cache.get(item)
        return np.asarray(crops[int(rng.integers(len(crops)))], np.uint8)

    def _sized(self, picture: Picture) -> Picture:
        if self.side == picture.shape[0]:
            return picture
        return np.asarray(cv2.resize(picture, (self.side, self.side), interpolation=cv2.INTER_AREA), np.uint8)
