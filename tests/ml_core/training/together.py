"""What the processes of a distributed training do in the tests: `torchrun … -m tests.ml_core.training.together FOLDER`.

Started without torchrun it does the same in one process.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ml_core.models.member import Member
from ml_core.models.registry import build
from ml_core.training import distributed, engine
from ml_core.transforms import IMAGENET, to_tensor
from tests.ml_core.training.toy import picture
from tests.tiny import TINY

SETTINGS = engine.Settings(steps=20, batch=8, rate=2e-3, head_rate=1.0, save_every=5)
POOL = 24
NAMES = ("cnn", "vit", "lstm")  # with batch norms; with frozen layers; fed with sequences


class Killed(Exception):
    """The run was cut off."""


def make_member(name: str) -> Member:
    """A tiny member without dropout: its masks would differ between one process and two."""
    torch.manual_seed(3)
    arguments = dict(TINY[name]) if name == "cnn" else {**TINY[name], "dropout": 0.0}
    return build(name, {**arguments, "features": 12} if name == "lstm" else arguments)


def make_steps(name: str) -> Iterator[engine.Step]:
    """Batches of 8 from 24 pictures (for the LSTM: noise that rises where it is fake), the same in every process."""
    labels = np.arange(POOL) % 2
    if name == "lstm":
        noise = np.random.default_rng(0).normal(size=(POOL, 4, 12))
        inputs = (noise + labels[:, None, None] * np.arange(4)[None, :, None]).astype(np.float32)
    else:
        side = 224 if name == "vit" else 64
        inputs = to_tensor(np.stack([picture(n % 2 == 1, n, side) for n in range(POOL)]), IMAGENET.mean, IMAGENET.std)
    for number in range(SETTINGS.steps):
        pairs = np.random.default_rng(number).choice(POOL // 2, SETTINGS.batch // 2, replace=False)
        chosen = np.stack([2 * pairs, 2 * pairs + 1], axis=1).ravel()
        yield engine.as_inputs(inputs[chosen], labels[chosen], number)


def run(name: str, checkpoint: Path, until: int | None = None) -> None:
    """A training up to its end, or up to the step at which it is killed."""

    def steps(first: int, last: int) -> Iterator[engine.Step]:
        for step in make_steps(name):
            if step.number == until:
                raise Killed
            if first <= step.number < last:
                yield step

    engine.train(make_member(name), steps, SETTINGS, checkpoint)


def main(folder: Path) -> None:
    """Every member; the CNN again, cut off and resumed; and a batch that cannot be divided."""
    with distributed.group():
        for name in NAMES:
            run(name, folder / f"{name}.safetensors")
        with suppress(Killed):
            run("cnn", folder / "cut.safetensors", until=13)
        run("cnn", folder / "cut.safetensors")
        with distributed.leader_first():
            refusal = folder / "refusal.txt"
            assert distributed.leads() or refusal.with_suffix(".leader").exists()
            refusal.with_suffix(".leader").touch()
        try:
            odd = [replace(step, labels=step.labels[:7], inputs=step.inputs[:7]) for step in make_steps("cnn")]
            engine.train(make_member("cnn"), lambda first, last: odd[first:last], SETTINGS, folder / "odd.safetensors")
        except ValueError as error:
            refusal.write_text(str(error), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
