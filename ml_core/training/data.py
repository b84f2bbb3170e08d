"""Batches by pairs: every fake stands beside a real of its group, or of its source where the group has none.

A pair depends on the seed and its number alone: a run that was cut off goes on exactly where it was, and members of
the same seed see the same pictures, whatever the size of their batches.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ml_core.config import FRAMES_PER_VIDEO, INPUT_SIZE
from ml_core.datatypes import Picture
from ml_core.training.augment import augment
from ml_core.training.crops import CropCache
from ml_core.training.manifest import Item, role
from ml_core.training.reconstruct import Reconstructors, reconstructors
from ml_core.training.self_blend import overlay, self_blend, swap

# Shares of all pairs that are made from photographs alone; without autoencoders nothing is reconstructed.
PSEUDO: Mapping[str, float] = {"self_blended": 0.15, "swapped": 0.06, "reconstructed": 0.09}
BALANCE = 2 / 3  # a source of n pictures is drawn by n to this power: the small ones count for more than their share
ENOUGH = 100  # photographs to train autoencoders on


@dataclass(frozen=True, slots=True)
class Batch:
    """`pictures` (B, side, side, 3) uint8; `labels` (B,) int64, 1 = fake."""

    step: int
    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]


class Pairs:
    """Draws pairs (real, fake), of a source by its size to the power of `BALANCE`."""

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
        sizes = np.power([sum(map(_pictures, self.fakes[source])) for source in self.sources], BALANCE)
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
    """Real stills to make pseudo-fakes from; sources by the square root of their number: many cameras count."""

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


def trained_reconstructors(items: Sequence[Item], cache: CropCache, folder: Path, seed: int) -> Reconstructors | None:
    """Autoencoders of these photographs, from `folder` or trained now; none where there are too few photographs."""
    if len(items) < ENOUGH:
        return None
    drawn = Photographs(items)

    def draw(rng: np.random.Generator) -> Picture:
        return np.asarray(cache.get(drawn.draw(rng, 1)[0])[0], np.uint8)

    return reconstructors(draw, folder, seed)


class Loader:
    """Batches from a step on, made one ahead in a thread while the model computes.

    Some of the pairs (`pseudo` says how many of which kind) are made from `photographs` alone, where there are any;
    what `reconstructors` give back is among them.
    """

    def __init__(
        self,
        pairs: Pairs,
        cache: CropCache,
        size: int,
        seed: int,
        side_at: Callable[[int], int] = lambda step: INPUT_SIZE,
        photographs: Sequence[Item] = (),
        reconstructors: Reconstructors | None = None,
        pseudo: Mapping[str, float] = PSEUDO,
    ) -> None:
        self.pairs, self.cache, self.size, self.seed, self.side_at = pairs, cache, size, seed, side_at
        self.reconstructors = reconstructors
        self.pseudo = pseudo
        self.photographs = Photographs(photographs) if photographs else None

    def batches(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of steps first … last - 1; none, and no work, where all are done."""
        if first >= last:
            return
        with ThreadPoolExecutor(1) as pool:
            coming: Future[Batch] = pool.submit(self.batch, first)
            for step in range(first, last):
                ready, coming = coming, pool.submit(self.batch, min(step + 1, last - 1))
                yield ready.result()

    def batch(self, step: int) -> Batch:
        """The batch of one step: the pairs from number step × size / 2 on."""
        count, side = self.size // 2, self.side_at(step)
        numbers = range(step * count, (step + 1) * count)
        pictures = [_sized(picture, side) for number in numbers for picture in self._pair(number)]
        return Batch(step, np.stack(pictures), np.tile([0, 1], count))

    def _pair(self, number: int) -> list[Picture]:
        """A real and a fake picture that met the same camera, crop and platform: only the manipulation differs."""
        rng = np.random.default_rng([self.seed, number])
        if self.photographs is not None and rng.random() < sum(self.pseudo.values()):
            pair = self._pretended(self.photographs, rng)
        else:
            pair = [self._any_crop(item, rng) for item in self.pairs.draw(rng)]
        seed = int(rng.integers(2**63))
        return [augment(picture, np.random.default_rng(seed)) for picture in pair]

    def _pretended(self, photographs: Photographs, rng: np.random.Generator) -> list[Picture]:
        shares = np.array(list(self.pseudo.values()))
        kind = str(rng.choice(list(self.pseudo), p=shares / shares.sum()))
        crops = [self._any_crop(item, rng) for item in photographs.draw(rng, count=2 if kind == "swapped" else 1)]
        if kind == "reconstructed" and self.reconstructors:
            return [crops[0], self._reconstructed(crops[0], self.reconstructors, rng)]
        marks = [self.cache.landmarks(crop) for crop in crops]
        if kind == "swapped":
            return [crops[0], swap(crops[0], marks[0], crops[1], marks[1], rng)]
        return list(self_blend(crops[0], marks[0], rng))

    def _reconstructed(self, crop: Picture, reconstructors: Reconstructors, rng: np.random.Generator) -> Picture:
        """The whole picture as an autoencoder gives it back, or its face alone."""
        given = reconstructors.reconstruct(crop, rng)
        return given if rng.random() < 0.5 else overlay(crop, given, self.cache.landmarks(crop), rng)

    def _any_crop(self, item: Item, rng: np.random.Generator) -> Picture:
        crops = self.cache.get(item)
        return np.asarray(crops[int(rng.integers(len(crops)))], np.uint8)


def _sized(picture: Picture, side: int) -> Picture:
    if side == picture.shape[0]:
        return picture
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
