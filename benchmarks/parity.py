"""Does the verdict depend on the engine? This machine's engine against float32 PyTorch over labelled items.

    python -m benchmarks.parity ../shared/data/faces.csv --split val --limit 200
    python -m benchmarks.parity … --precision bf16 --members vit

Wanted: 99 % of the items within 0.01 of P(fake), none beyond 0.03, no label changed except at an edge of a band
that is that near. `--precision` sets what OpenVINO computes in, for the named members, instead of what it would
choose by itself: a processor without bfloat16 units computes it slowly, but to the same numbers. Exit status 0 if
all of it holds, else 1.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core import engines
from ml_core.aggregation import LSTM_MIN_FRAMES, robust_means
from ml_core.checkpoints import LoadedVersion
from ml_core.config import TRAINED_MODELS
from ml_core.datatypes import IMAGE_MEMBERS, MEMBERS
from ml_core.engines import MemberEngine
from ml_core.errors import MediaError
from ml_core.scoring import (
    Answers,
    Crops,
    EngineMaker,
    Scorer,
    Stopwatch,
    best_engine,
    openvino_engine,
    reference_engine,
)
from ml_core.training.crops import CropCache
from ml_core.training.manifest import SPLITS, Item, at_most, read_manifests
from ml_core.verdict import LABELS

NEAR, FAR, NEAR_SHARE = 0.01, 0.03, 0.99


@dataclass(frozen=True, slots=True)
class Pair:
    """One item's answer by the engine and by the reference."""

    item: Item
    ours: Answers
    reference: Answers

    @property
    def apart(self) -> float:
        """|Δ p_fake|."""
        return float(abs(self.ours.p_fake[0] - self.reference.p_fake[0]))


def answer(scorer: Scorer, crops: Crops) -> Answers:
    """One person's crops → one answer, as `inference` gives it."""
    look = scorer.look(crops, Stopwatch())
    course = scorer.follow(look.features) if len(crops) >= LSTM_MIN_FRAMES else None
    return scorer.fuse(robust_means(look.logits)[None], course)


def forced(precision: engines.Precision, members: Sequence[str]) -> EngineMaker:
    """An engine maker that lets OpenVINO compute the named members in `precision`."""

    def make(loaded: LoadedVersion, name: str, device: torch.device) -> MemberEngine:
        if name in members:
            return openvino_engine(loaded, name, precision)
        return best_engine(loaded, name, device)

    return make


def compare(items: Sequence[Item], scorers: tuple[Scorer, Scorer], cache: CropCache) -> list[Pair]:
    """Both answers to every item that can be read."""
    pairs = []
    for item in items:
        try:
            crops = cache.get(item)
        except MediaError as error:
            print(f"left out, {error.code}: {item.name}")
            continue
        pairs.append(Pair(item, answer(scorers[0], crops), answer(scorers[1], crops)))
    return pairs


def report(pairs: Sequence[Pair], scorer: Scorer) -> bool:
    """Print the figures; True if all of the wanted holds."""
    apart = np.array([pair.apart for pair in pairs])
    share = float((apart <= NEAR).mean())
    changed = [pair for pair in pairs if _label(scorer, pair.ours) != _label(scorer, pair.reference)]
    print(f"items {len(pairs)}; within {NEAR}: {share:.2%}; largest difference {apart.max():.5f}")
    print(
        f"median {np.median(apart):.5f}, 99th percentile {np.quantile(apart, 0.99):.5f}; labels changed {len(changed)}"
    )
    for i, name in enumerate(MEMBERS):
        members = _members(pairs, i)
        if len(members):
            print(f"  {name:<8} alone: largest {members.max():.5f}, 99th percentile {np.quantile(members, 0.99):.5f}")
    for pair in changed:
        print(f"  {pair.item.name}: {_told(scorer, pair.reference)} → {_told(scorer, pair.ours)}")
    return share >= NEAR_SHARE and float(apart.max()) <= FAR and all(pair.apart <= NEAR for pair in changed)


def _label(scorer: Scorer, answers: Answers) -> str:
    return LABELS[scorer.bands.band(float(answers.p_fake[0]))]


def _told(scorer: Scorer, answers: Answers) -> str:
    return f"{_label(scorer, answers)} {answers.p_fake[0]:.4f}"


def _members(pairs: Sequence[Pair], index: int) -> NDArray[np.float64]:
    """|Δ P(fake)| of one member by itself, where it was asked."""
    asked = [pair for pair in pairs if pair.ours.present[index]]
    return np.array([abs(pair.ours.members[0, index] - pair.reference.members[0, index]) for pair in asked])


def main() -> int:
    """Compare and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path, help="CSV manifests, or folders with real/ and fake/")
    parser.add_argument("--split", nargs="*", choices=SPLITS, default=["val"])
    parser.add_argument("--limit", type=int, help="at most N items of each source and label")
    parser.add_argument("--models", type=Path, default=TRAINED_MODELS)
    parser.add_argument("--version-name")
    parser.add_argument("--device", choices=("cpu", "cuda"))
    parser.add_argument("--precision", choices=("bf16", "f32"))
    parser.add_argument("--members", nargs="*", choices=IMAGE_MEMBERS, default=list(IMAGE_MEMBERS))
    parser.add_argument("--crops", type=Path, help="where face crops are kept; by default they are made and forgotten")
    options = parser.parse_args()
    maker = forced(options.precision, options.members) if options.precision else best_engine
    device = engines.pick_device(options.device)
    ours = Scorer(options.models, options.version_name, device, maker)
    reference = Scorer(options.models, options.version_name, device, reference_engine)
    print(
        f"version {ours.version} on {engines.device_name(device)}: {ours.engine_names} against {reference.engine_names}"
    )
    items = at_most([item for item in read_manifests(options.data) if item.split in options.split], options.limit)
    with tempfile.TemporaryDirectory() as folder:
        pairs = compare(items, (ours, reference), CropCache(options.crops or Path(folder)))
    return 0 if report(pairs, ours) else 1


if __name__ == "__main__":
    sys.exit(main())
