"""A tiny ensemble with random weights in the format of the real one: made by the tests, loaded by the real code."""

from pathlib import Path
from typing import Any

import torch

from ml_core.calibration import Calibration
from ml_core.models.ensemble import Gate
from ml_core.models.registry import build
from ml_core.release import Release, write_release
from ml_core.verdict import Bands

TINY: dict[str, dict[str, Any]] = {
    "cnn": {"width": 4},
    "resnext": {"layers": [1, 1, 1, 1], "width_per_group": 1},
    "vit": {"frozen": 1, "embed_dim": 48, "depth": 2, "num_heads": 3},
    "lstm": {"width": 16},
}


def make_tiny_version(root: Path, version: str = "tiny", seed: int = 0, *, champion: bool = True) -> str:
    """Writes a small random version below `root`, makes it the champion and returns its name."""
    torch.manual_seed(seed)
    members = {name: build(name, arguments).eval() for name, arguments in TINY.items()}
    release = Release(version, members, Gate(), Calibration(1.5, 0.1), Bands(), TINY)
    write_release(root, release, champion)
    return version
