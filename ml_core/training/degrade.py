"""The tiers of an evaluation: what happens to pictures on their way through the world, applied to the face crop."""

from collections.abc import Callable

import cv2
import numpy as np

from ml_core.training.crops import Crops


def _jpeg60(crop: Crops) -> Crops:
    _, data = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 60])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _half(crop: Crops) -> Crops:
    height, width = crop.shape[:2]
    small = cv2.resize(crop, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _blur(crop: Crops) -> Crops:
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), 1.5), np.uint8)


TIERS: dict[str, Callable[[Crops], Crops]] = {
    "as_is": lambda crop: crop,
    "jpeg60": _jpeg60,
    "half": _half,
    "blur": _blur,
    "jpeg60_half": lambda crop: _half(_jpeg60(crop)),
}


def degrade(crops: Crops, tier: str) -> Crops:
    """(T, H, W, 3) uint8 → the same after the tier. Raises KeyError for an unknown tier."""
    change = TIERS[tier]
    return np.stack([change(crop) for crop in crops])
