"""What cameras, networks and people do to pictures: done to both classes alike, so that no trace of it is a label."""

import cv2
import numpy as np

from ml_core.config import INPUT_SIZE
from ml_core.datatypes import Picture
from ml_core.evaluation.tiers import h264_still


def augment(picture: Picture, rng: np.random.Generator) -> Picture:
    """A (224, 224, 3) uint8 picture as another camera, crop or platform would have given it; same shape."""
    picture = _recrop(picture, rng)
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    for chance, change in CHANGES:
        if rng.random() < chance:
            picture = change(picture, rng)
    return np.ascontiguousarray(picture)


def _recrop(picture: Picture, rng: np.random.Generator) -> Picture:
    """A part of 80 to 100 % of the side, resized back."""
    side = round(picture.shape[0] * rng.uniform(0.8, 1.0))
    y, x = rng.integers(0, picture.shape[0] - side + 1, size=2)
    part = picture[y : y + side, x : x + side]
    return np.asarray(cv2.resize(part, (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_CUBIC), np.uint8)


def _light(picture: Picture, rng: np.random.Generator) -> Picture:
    """Contrast, brightness and a shift of each channel."""
    gain, lift = rng.uniform(0.8, 1.2), rng.uniform(-25, 25)
    tint = rng.uniform(0.94, 1.06, size=3)
    return np.clip((picture - 128.0) * gain * tint + 128 + lift, 0, 255).astype(np.uint8)


def _resize(picture: Picture, rng: np.random.Generator) -> Picture:
    """Down to 40–90 % and up again."""
    side = round(picture.shape[0] * rng.uniform(0.4, 0.9))
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _blur(picture: Picture, rng: np.random.Generator) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)


def _noise(picture: Picture, rng: np.random.Generator) -> Picture:
    grain = rng.normal(0, rng.uniform(2, 10), picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def _grey(picture: Picture, rng: np.random.Generator) -> Picture:
    """Without colour, or with less of it: some sources have none, and it must not say the label."""
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(picture, share := rng.uniform(0, 0.5), grey, 1 - share, 0), np.uint8)


def _screenshot(picture: Picture, rng: np.random.Generator) -> Picture:
    """Shown at another size by a screen, which sharpens and has pixels of its own."""
    side = round(picture.shape[0] * rng.uniform(0.55, 1.4))
    shown = cv2.resize(picture, (side, side), interpolation=int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])))
    soft = cv2.GaussianBlur(shown, (0, 0), 1.0)
    sharp = cv2.addWeighted(shown, 1 + (edge := rng.uniform(0, 0.6)), soft, -edge, 0)
    gamma = np.arange(256) / 255
    sharp = cv2.LUT(sharp, (255 * gamma ** rng.uniform(0.85, 1.15)).astype(np.uint8))
    return np.asarray(cv2.resize(sharp, picture.shape[1::-1], interpolation=cv2.INTER_AREA), np.uint8)


def _h264(picture: Picture, rng: np.random.Generator) -> Picture:
    """As a frame of a clip that a messenger has encoded."""
    return h264_still(picture, int(rng.integers(22, 36)))


def _jpeg(picture: Picture, rng: np.random.Generator) -> Picture:
    quality = int(rng.integers(40, 96))
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


CHANGES = (
    (0.5, _light),
    (0.1, _grey),
    (0.25, _resize),
    (0.15, _blur),
    (0.15, _noise),
    (0.1, _screenshot),
    (0.03, _h264),
    (0.5, _jpeg),
)
