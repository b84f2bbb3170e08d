"""Face crops, made once: the same detector and the same crop as in scoring, kept in a cache beside the checkpoints.

One file per item, (T, 224, 224, 3) uint8: T = 1 for a still, up to 16 for a clip (the person seen in most frames).
"""

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ml_core.config import CROP_MARGIN, FRAMES_PER_VIDEO
from ml_core.datatypes import FaceDetection, Frame
from ml_core.faces import FaceDetector, crop, deciding_tracks, track, twice, whole
from ml_core.media.frames import decode
from ml_core.media.probe import sniff
from ml_core.training.manifest import Item
from ml_core.training.self_blend import MEAN_LANDMARKS

RECIPE = f"centerface margin={CROP_MARGIN} frames={FRAMES_PER_VIDEO} v1"

Crops = NDArray[np.uint8]


class CropCache:
    """The crops of an item, from the folder or made and put there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def detector(self) -> FaceDetector:
        """Loaded with the first crop that is missing."""
        return FaceDetector()

    def get(self, item: Item) -> Crops:
        """(T, 224, 224, 3) uint8. Raises MediaError where the file cannot be read."""
        path = self._path(item)
        if not path.exists():
            part = path.with_suffix(f".{os.getpid()}.part")
            with part.open("wb") as file:
                np.save(file, self._make(item))
            part.rename(path)
        crops: Crops = np.load(path, allow_pickle=False)
        return crops

    def looks(self, item: Item) -> Crops:
        """The crops that the members are asked about, as in scoring: a still twice. Raises MediaError."""
        return self.get(item) if item.is_clip else twice(self.get(item))

    def landmarks(self, crop: Crops) -> NDArray[np.float32]:
        """(224, 224, 3) → (5, 2) of its largest face; of a mean face where none is found in the crop itself."""
        faces = self.detector.detect([Frame(index=0, time=None, image=crop)])
        return np.array(faces[0].landmarks, np.float32) if faces else MEAN_LANDMARKS * np.float32(len(crop))

    def _path(self, item: Item) -> Path:
        stat = item.path.stat()
        text = f"{item.path.resolve()} {stat.st_size} {stat.st_mtime_ns} {RECIPE}"
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npy"

    def _make(self, item: Item) -> Crops:
        frames = _frames(item)
        chosen = _most_seen(track(self.detector.detect(frames)))
        if not chosen:
            return np.stack([whole(frame.image) for frame in frames])
        images = {frame.index: frame.image for frame in frames}
        return np.stack([crop(images[face.frame], face.box) for face in chosen])


def _frames(item: Item) -> list[Frame]:
    kind, format = sniff(item.path, item.path.name)
    if kind == "image":
        return [Frame(index=0, time=None, image=_still(item.path))]
    return decode(item.path, kind, format)


def _still(path: Path) -> Crops:
    """Trusted pictures of a data set, in this process; unlike uploads they may be smaller than 224 pixels."""
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def _most_seen(faces: Sequence[FaceDetection]) -> list[FaceDetection]:
    """The faces of the deciding person who is seen in most frames, one a frame, in the order of time."""
    allowed = deciding_tracks(faces)
    seen = Counter(face.track for face in faces if face.track in allowed)
    if not seen:
        return []
    best = max(seen, key=lambda number: (seen[number], -number))
    return [face for face in faces if face.track == best]
