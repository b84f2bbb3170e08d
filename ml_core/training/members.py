"""Training of the image members: start weights, learning rates, and the loop over pairs.

The ViT is first: what it answers while it learns teaches the others, which start from nothing (`distil`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from ml_core.models.member import Member
from ml_core.models.registry import SPECS, build
from ml_core.models.resnext import ResNeXt
from ml_core.models.vit import ViT
from ml_core.training import distributed, engine
from ml_core.training.crops import CropCache
from ml_core.training.data import PSEUDO, Loader, Pairs, photographs, trained_reconstructors
from ml_core.training.distil import Notes
from ml_core.training.manifest import Item
from ml_core.transforms import to_tensor

TEACHER = "vit"
TRAINING_ORDER = (TEACHER, "resnext", "cnn")
TEACHER_NOTES = "teacher.npy"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one member is trained: settings of the loop, sizes of the pictures, arguments of the architecture."""

    settings: engine.Settings
    sides: tuple[int, ...] = (224,)  # small pictures first: each size has an equal share of the steps
    keep: float = 1.0  # share of the patch tokens that a ViT sees until its rate falls; then it sees all
    arguments: Mapping[str, Any] | None = None
    pseudo: Mapping[str, float] = field(default_factory=lambda: PSEUDO)  # shares of the pairs, by kind

    def side_at(self, step: int) -> int:
        """The side of the pictures in a step."""
        return self.sides[min(step * len(self.sides) // self.settings.steps, len(self.sides) - 1)]

    def keep_at(self, step: int) -> float:
        """The share of the patch tokens in a step."""
        return 1.0 if engine.rate_falls(step, self.settings) else self.keep


# What two processor cores with AMX can do in three hours. With a GPU give all of them more `--steps`.
RECIPES: dict[str, Recipe] = {
    "vit": Recipe(engine.Settings(steps=3350, batch=32, rate=1e-4, save_every=25), keep=0.65),
    "cnn": Recipe(engine.Settings(steps=200, batch=32, rate=1e-3, head_rate=1.0)),
    "resnext": Recipe(engine.Settings(steps=500, batch=32, rate=5e-4, head_rate=1.0), sides=(96, 128, 160)),
    "lstm": Recipe(engine.Settings(steps=200, batch=32, rate=5e-4, head_rate=1.0)),
}


def with_steps(recipe: Recipe, steps: int | None) -> Recipe:
    """The same recipe for another length."""
    return recipe if steps is None else replace(recipe, settings=replace(recipe.settings, steps=steps))


@dataclass(frozen=True, slots=True)
class Start:
    """Where a member begins: at a file of pretrained weights, or at the weights that an earlier version has."""

    weights: Path | None = None
    state: Mapping[str, Tensor] | None = None


RANDOM = Start()


def start(name: str, recipe: Recipe, begin: Start = RANDOM) -> Member:
    """A member at its start; random by the recipe's seed where nothing is given.

    A checkpoint holds only what learns: what is frozen must come out the same when a run goes on.
    """
    torch.manual_seed(recipe.settings.seed)
    member = build(name, recipe.arguments)
    if begin.state is not None:
        member.load_state_dict(begin.state, strict=True)
    elif begin.weights is not None:
        _load_pretrained(name, member, begin.weights)
    return member


def _load_pretrained(name: str, member: Member, weights: Path) -> None:
    if isinstance(member, ViT):
        member.load_clip(load_file(weights))
    elif isinstance(member, ResNeXt):
        member.load_imagenet(load_file(weights))
    else:
        raise ValueError(f"{name} has no pretrained start: --init knows vit and resnext")


def train_image_member(
    name: str, recipe: Recipe, items: Sequence[Item], cache: CropCache, checkpoint: Path, begin: Start = RANDOM
) -> Member:
    """Trains cnn, resnext or vit on the `train` items and on pseudo-fakes made of photographs; goes on from
    `checkpoint`. Returns the member in eval mode."""
    settings = recipe.settings
    if not settings.steps:  # it stays as it began: nobody needs the pairs
        return start(name, recipe, begin).eval()
    preprocessing = SPECS[name].preprocessing
    notes = Notes(checkpoint.with_name(TEACHER_NOTES))
    teaches, count = name == TEACHER, settings.batch // 2
    skipped = 0 if teaches else max(0, notes.pairs // count - settings.steps)  # pairs of a teacher that knew less
    loader = _loader(recipe, items, cache, checkpoint.parent, skipped)
    member = start(name, recipe, begin)

    def steps(first: int, last: int) -> Iterator[engine.Step]:
        for batch in loader.batches(first + skipped, last + skipped):
            inputs = to_tensor(batch.pictures, preprocessing.mean, preprocessing.std)
            teacher = None if teaches else notes.read(batch.step * count, count)
            if isinstance(member, ViT):
                member.keep = recipe.keep_at(batch.step - skipped)
            yield engine.as_inputs(inputs, batch.labels, batch.step - skipped, teacher)

    return engine.train(member, steps, settings, checkpoint, notes if teaches else None)


def _loader(recipe: Recipe, items: Sequence[Item], cache: CropCache, folder: Path, skipped: int) -> Loader:
    """Pairs of the `train` items and of pseudo-fakes, in the recipe's sizes."""
    settings, reals = recipe.settings, photographs(items)
    pairs = Pairs([item for item in items if item.split == "train"])
    again = None
    if "reconstructed" in recipe.pseudo:
        with distributed.leader_first():
            again = trained_reconstructors(reals, cache, folder, settings.seed)

    def side_at(step: int) -> int:
        return recipe.side_at(step - skipped)

    return Loader(pairs, cache, settings.batch, settings.seed, side_at, reals, again, recipe.pseudo)
