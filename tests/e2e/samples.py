"""What the tests upload: a real face as a picture, and a video in which a camera moves slowly over it."""

import secrets
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

# Astronaut Eileen Collins, NASA, public domain; comes with scikit-image.
astronaut: Callable[[], NDArray[np.uint8]] = data.astronaut
FRAMES = 20
SIDE = 400  # pixels of the video's window on the picture


def write_picture(path: Path) -> Path:
    """A portrait as JPEG. No two are the same file: what several people report is flagged wherever it was uploaded."""
    Image.fromarray(astronaut()).save(path, quality=92, comment=secrets.token_hex(8))
    return path


def write_video(path: Path) -> Path:
    """Two seconds of Motion JPEG: the window wanders 3 pixels a frame."""
    picture = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (SIDE, SIDE))
    assert writer.isOpened()
    for left in range(0, FRAMES * 3, 3):
        writer.write(picture[:SIDE, left : left + SIDE])
    writer.release()
    return path
