"""What a version keeps of a tensor that it changed: small ones whole and exactly, of large ones the change in int8.

A change is quantised by its own largest value in each row, so that the small steps of fine-tuning survive, which
float16 or the int8 of the weights themselves would swallow. It is taken against files that are no deltas of the same
tensors: a version never depends on a chain. The weights of a version are those that are read back, and these are what
is evaluated.
"""

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from safetensors import safe_open
from torch import Tensor

from ml_core.checkpoints import DELTA, INT8, SCALE, quantise

LARGE = 65_536  # numbers: below, four bytes each are less than anybody notices

Files = Sequence[Mapping[str, Any]]


def encode(changed: Mapping[str, Tensor], base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors to store; `base` are those of the files that stay, to which the changes will be added."""
    packed: dict[str, Tensor] = {}
    for name, tensor in changed.items():
        value = tensor.detach().cpu()
        if value.is_floating_point() and value.numel() >= LARGE and name in base:
            change = (value.float() - base[name]).reshape(len(value), -1)
            packed[name + DELTA + INT8], packed[name + DELTA + SCALE] = quantise(change)
        else:
            packed[name] = value
    return packed


def not_covered(root: Path, files: Files, changed: Mapping[str, Tensor]) -> list[dict[str, Any]]:
    """The files that are still needed: not those that hold nothing but what has changed again.

    A file with a large tensor in it stays, as what the change is taken against; a file of changes goes.
    """
    return [dict(file) for file in files if not _replaced(root / file["path"], set(changed))]


def _replaced(path: Path, changed: set[str]) -> bool:
    with safe_open(path, framework="pt") as opened:
        shapes = {key: opened.get_slice(key).get_shape() for key in opened.keys()}  # noqa: SIM118  no mapping
    for key, shape in shapes.items():
        stem = key.removesuffix(INT8).removesuffix(SCALE)
        whole = not stem.endswith(DELTA)
        if stem.removesuffix(DELTA) not in changed or (whole and prod(shape) >= LARGE):
            return False
    return True
