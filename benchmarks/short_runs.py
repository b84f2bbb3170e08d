"""Short trainings of the ViT that differ in one thing: what they share, and the table that a model card shows."""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core.models.member import Member
from ml_core.training import metrics
from ml_core.training.answers import forward
from ml_core.training.cli import CROPS
from ml_core.training.crops import CropCache
from ml_core.training.manifest import Item, at_most
from ml_core.training.members import Recipe, Start, train_image_member
from ml_core.versions import write_json

BATCH = 32


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run's row of the table."""

    name: str
    learned: int  # parameters
    speed: float  # pictures a second
    aucs: dict[str, float]


def parser(description: str | None) -> argparse.ArgumentParser:
    """The arguments that such benchmarks share."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--init", type=Path, required=True, help="CLIP's image tower")
    parser.add_argument("--run", type=Path, required=True, help="folder of the runs' checkpoints: they resume")
    parser.add_argument("--crops", type=Path, default=CROPS)
    parser.add_argument("--pictures", type=int, default=2048)
    parser.add_argument("--limit", type=int, default=40, help="items of each source and label of val")
    parser.add_argument("--out", type=Path, help="a section of a model card, beside the weights")
    return parser


def stills(items: Sequence[Item], limit: int, split: str = "val") -> list[Item]:
    """What the runs are judged on."""
    return at_most([item for item in items if item.split == split and not item.is_clip], limit)


def outcome(
    name: str, recipe: Recipe, options: argparse.Namespace, items: Sequence[Item], judged: Sequence[Item]
) -> Outcome:
    """Trains from CLIP by the recipe on `items`; the AUC of each source of `judged`."""
    cache, start = CropCache(options.crops), time.monotonic()
    checkpoint = options.run / name / "vit.safetensors"
    member = train_image_member("vit", recipe, items, cache, checkpoint, Start(options.init))
    speed = recipe.settings.steps * recipe.settings.batch / (time.monotonic() - start)
    learned = sum(parameter.numel() for parameter in member.parameters() if parameter.requires_grad)
    return Outcome(name, learned, speed, aucs(judged, _margins(member, judged, cache)))


@torch.inference_mode()
def _margins(member: Member, items: Sequence[Item], cache: CropCache) -> NDArray[np.float64]:
    """(N,) fake minus real."""
    logits, _ = forward("vit", member, np.stack([cache.get(item)[0] for item in items]))
    return (logits[:, 1] - logits[:, 0]).astype(np.float64)


def aucs(items: Sequence[Item], margins: NDArray[np.float64]) -> dict[str, float]:
    """The AUC of each source; `margins` (N,) are fake minus real."""
    truth, sources = np.array([item.fake for item in items]), np.array([item.source for item in items])
    return {str(name): metrics.auc(truth[sources == name], margins[sources == name]) for name in np.unique(sources)}


def report(outcomes: Sequence[Outcome], section: dict[str, object], out: Path | None) -> None:
    """Prints one line a run; writes the card's section where it is wanted."""
    for one in outcomes:
        sys.stdout.write(f"{one}\n")
    if out:
        write_json(out, section)
