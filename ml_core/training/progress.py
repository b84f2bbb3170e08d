"""Where a run from feedback stands, in one file: weights that move, the best ones so far, the step."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Progress:
    """`step` steps are done; `weights` are those of `best_step`, empty while none beat the champion."""

    step: int
    weights: Mapping[str, Tensor]
    start: Mapping[str, Any]
    best: Mapping[str, Any]
    best_step: int


def save(path: Path, moving: Mapping[str, nn.Parameter], progress: Progress) -> None:
    """Temporary file, then rename: a kill leaves the last whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {f"now.{name}": value.detach().cpu().clone() for name, value in moving.items()}
    tensors |= {f"best.{name}": value.cpu().contiguous() for name, value in progress.weights.items()}
    facts = {"step": progress.step, "best_step": progress.best_step}
    metadata = {"facts": json.dumps({**facts, "start": dict(progress.start), "best": dict(progress.best)})}
    part = path.with_suffix(".part")
    save_file(tensors, part, metadata=metadata)
    part.replace(path)


def load(path: Path, moving: Mapping[str, nn.Parameter]) -> Progress | None:
    """Puts the saved weights back into `moving`; None where there is nothing to go on with, or not of this policy."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (safe_open is no mapping)
            facts = json.loads(file.metadata()["facts"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    if not all(f"now.{name}" in tensors for name in moving):
        return None
    with torch.no_grad():
        for name, value in moving.items():
            value.copy_(tensors[f"now.{name}"])
    best = {name.removeprefix("best."): value for name, value in tensors.items() if name.startswith("best.")}
    return Progress(facts["step"], best, facts["start"], facts["best"], facts["best_step"])
