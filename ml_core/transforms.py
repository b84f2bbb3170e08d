"""From crops to tensors: one function for training, scoring and display.

Geometry (detect, crop, resize) is `faces.crop`; what is left is scaling to [0, 1] and the member's own normalisation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_core.config import INPUT_SIZE


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What a member wants to be fed: it travels with the weights."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    size: int = INPUT_SIZE


IMAGENET = Preprocessing((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP = Preprocessing((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))


def to_tensor(crops: NDArray[np.uint8], mean: Sequence[float], std: Sequence[float]) -> NDArray[np.float32]:
    """(N, H, W, 3) uint8 RGB → (N, 3, H, W) float32, scaled to [0, 1] and normalised per channel.

    Raises ValueError if the crops are not RGB uint8.
    """
    if crops.ndim != 4 or crops.shape[-1] != 3 or crops.dtype != np.uint8:
        raise ValueError(f"expected (N, H, W, 3) uint8, got {crops.shape} {crops.dtype}")
    scale = (1 / (255 * np.asarray(std, np.float32))).astype(np.float32)
    shift = (-np.asarray(mean, np.float32) / np.asarray(std, np.float32)).astype(np.float32)
    return np.ascontiguousarray((crops * scale + shift).transpose(0, 3, 1, 2), dtype=np.float32)
