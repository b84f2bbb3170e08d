"""A tiny version, a cache for its converted members, and pictures with and without a face."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest
import skimage.data

from ml_core.datatypes import Frame, Picture
from ml_core.inference import Predictor
from tests.tiny import make_tiny_version


@pytest.fixture(scope="session")
def tiny_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A models folder with one random version, `tiny`, and an empty cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPFAKE_CACHE", str(tmp_path_factory.mktemp("cache")))
        root = tmp_path_factory.mktemp("models")
        make_tiny_version(root)
        yield root


@pytest.fixture(scope="session")
def predictor(tiny_root: Path) -> Predictor:
    """The tiny version on the CPU."""
    return Predictor(tiny_root, device="cpu")


@pytest.fixture(scope="session")
def portrait() -> Picture:
    """A photograph of one person, 512 × 512 (NASA, public domain)."""
    return cast(Picture, cast(Any, skimage.data).astronaut())


@pytest.fixture(scope="session")
def landscape() -> Picture:
    """A picture without a face."""
    rows = np.linspace(0, 255, 300, dtype=np.uint8)
    return np.repeat(np.repeat(rows[:, None], 400, axis=1)[..., None], 3, axis=2)


@pytest.fixture(scope="session")
def clip(portrait: Picture) -> list[Frame]:
    """Eight frames over which the person drifts to the right."""
    return [Frame(i, i / 4, np.ascontiguousarray(np.roll(portrait, 6 * i, axis=1))) for i in range(8)]


@pytest.fixture
def clip_file(tmp_path: Path, clip: list[Frame]) -> Path:
    """The same as an MP4 file at 4 frames per second."""
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 4, (512, 512))
    for frame in clip:
        writer.write(np.ascontiguousarray(frame.image[..., ::-1]))
    writer.release()
    return path
