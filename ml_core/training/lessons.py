"""What a run from feedback learns on: labelled files, and what the champion's members see in them, computed once.

Uploads are untrusted: they are read by the decode child, and of several people the one counts that decided the
verdict. Pictures of a data set (replay) go through the same crop cache as a training. Every item is computed by
itself, so that its features do not depend on what stood beside it; they outlast versions that only moved heads.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ml_core import aggregation
from ml_core.datatypes import Kind
from ml_core.errors import MediaError
from ml_core.faces import FaceDetector, crop, deciding_tracks, track, twice
from ml_core.media.frames import decode
from ml_core.training.crops import CropCache, Crops
from ml_core.training.manifest import Item
from ml_core.training.policy import Features, Policy

MAX_FACES = 64  # of those that may decide, the first ones: a crowd must not hold a run for minutes
RECIPE = "v2"  # counts up when the features below are computed differently
Share = Literal["train", "held_out"]


class NoFace(Exception):
    """Nobody is to be seen in it: the members' answers would mean nothing."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One labelled item. `kind` and `format` are an upload's; a picture of a data set has none. `sha256` names it."""

    id: str
    path: Path
    sha256: str
    fake: bool
    weight: float = 1.0
    share: Share = "train"
    kind: Kind | None = None
    format: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A lesson with its features, or with the code of what was wrong with it."""

    lesson: Lesson
    features: Features | None
    error: str = ""


class FeatureStore:
    """Features (and the crops of uploads) by content and by weights; what is in no snapshot any more is removed."""

    def __init__(self, folder: Path, policy: Policy, crops: Path) -> None:
        self.folder = folder / f"{RECIPE}-{policy.fingerprint()}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._policy, self._crops = policy, crops

    @cached_property
    def _cache(self) -> CropCache:
        return CropCache(self._crops)

    @cached_property
    def _detector(self) -> FaceDetector:
        return FaceDetector()

    def all(self, lessons: Sequence[Lesson], tell: Callable[[int, int], None]) -> list[Seen]:
        """Every lesson with its features, in order; `tell(done, total)` after each."""
        seen = []
        for number, lesson in enumerate(lessons, start=1):
            seen.append(self.get(lesson))
            tell(number, len(lessons))
        return seen

    def get(self, lesson: Lesson) -> Seen:
        """From the folder, or made and put there."""
        path = self._path(lesson)
        try:
            if not path.exists():
                _write(path, self._make(lesson))
        except NoFace:
            return Seen(lesson, None, "no_face")
        except MediaError as error:
            return Seen(lesson, None, error.code)
        except OSError:
            return Seen(lesson, None, "media_missing")
        tensors = load_file(path)
        rows = self._rows(tensors)
        with torch.no_grad():
            return Seen(lesson, self._policy.followed({name: all[rows] for name, all in _frames(tensors).items()}))

    def crops(self, lesson: Lesson) -> Crops:
        """(T, 224, 224, 3) uint8 of an item that `get` has seen: what deep layers learn on."""
        tensors = load_file(self._path(lesson))
        return tensors["crops"].numpy()[self._rows(tensors)] if "crops" in tensors else self._cache.looks(_item(lesson))

    def forget_others(self, lessons: Iterable[Lesson]) -> int:
        """Removes what belongs to none of these lessons, of every version: deleted media leaves nothing behind."""
        known = {self._path(lesson).name for lesson in lessons}
        stale = [path for path in self.folder.parent.glob("*/*.safetensors") if path.name not in known]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def _path(self, lesson: Lesson) -> Path:
        return self.folder / f"{lesson.sha256}.safetensors"

    @torch.no_grad()
    def _make(self, lesson: Lesson) -> dict[str, Tensor]:
        """Features of every face that may decide, its track, and an upload's crops. Raises NoFace, MediaError."""
        if lesson.kind is None:
            crops, tracks = self._cache.looks(_item(lesson)), None
        else:
            crops, tracks = self._faces(lesson, lesson.kind)
        tensors = {f"frames.{name}": rows for name, rows in self._policy.look(crops).frames.items()}
        if tracks is not None:
            tensors |= {"crops": torch.from_numpy(crops), "tracks": torch.tensor(tracks)}
        return {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}

    def _faces(self, lesson: Lesson, kind: Kind) -> tuple[Crops, list[int]]:
        """The crops that the members are asked about, and the track of each face: a still has two crops of a face."""
        frames = decode(lesson.path, kind, lesson.format)
        images = {frame.index: frame.image for frame in frames}
        faces = track(self._detector.detect(frames))
        allowed = deciding_tracks(faces)
        faces = [face for face in faces if face.track in allowed][:MAX_FACES]
        if not faces:
            raise NoFace
        crops = np.stack([crop(images[face.frame], face.box) for face in faces])
        return twice(crops) if kind == "image" else crops, [face.track for face in faces]

    @torch.no_grad()
    def _rows(self, tensors: Mapping[str, Tensor]) -> list[int]:
        """The rows of the most suspicious person in the champion's eyes, as in scoring."""
        frames = _frames(tensors)
        count = len(next(iter(frames.values())))
        tracks = tensors["tracks"].tolist() if "tracks" in tensors else [0]
        if len(set(tracks)) == 1:
            return list(range(count))
        looks = [range(i, i + count // len(tracks)) for i in range(0, count, count // len(tracks))]
        single = [Features({name: rows[list(look)] for name, rows in frames.items()}) for look in looks]
        means = aggregation.suspicion(zip(tracks, torch.sigmoid(self._policy(single)).tolist(), strict=True))
        best = aggregation.most_suspicious(means, means)
        return [row for look, number in zip(looks, tracks, strict=True) if number == best for row in look]


def _frames(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.split(".", 1)[1]: value for name, value in tensors.items() if name.startswith("frames.")}


def _item(lesson: Lesson) -> Item:
    return Item(lesson.path, lesson.fake, "", "", "", "train", lesson.path.name)


def _write(path: Path, tensors: dict[str, Tensor]) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    save_file(tensors, part)
    part.replace(path)


def lesson_from(row: Mapping[str, Any]) -> Lesson:
    """A lesson as a plan writes it down. Raises KeyError or TypeError for a broken row."""
    return Lesson(**{**row, "path": Path(row["path"])})
