"""Small upright pictures for the result page, made from decoded frames: nothing of the file's metadata is in them."""

import os
import uuid
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from detection import media_store
from ml_core.datatypes import Frame, Kind, Picture

PREVIEW_SIDE = 1600  # pixels
FRAME_SIDE = 640
QUALITY = 85


def write(media_id: uuid.UUID, kind: Kind, frames: Sequence[Frame]) -> None:
    """The preview, and for a video every sampled frame. OSError where the upload's directory is gone or full."""
    _save(frames[0].image, PREVIEW_SIDE, media_store.preview_path(media_id))
    if kind == "video":
        for number, frame in enumerate(frames):
            _save(frame.image, FRAME_SIDE, media_store.frame_path(media_id, number))


def _save(picture: Picture, side: int, path: Path) -> None:
    """A reader never sees half a picture: written beside it, then renamed."""
    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    part = path.with_suffix(f".{os.getpid()}.part")
    image.save(part, "JPEG", quality=QUALITY)
    part.chmod(0o600)
    part.replace(path)
