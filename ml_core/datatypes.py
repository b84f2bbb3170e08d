"""The values that travel through the system, in the order in which they are made.

Boxes are (left, top, right, bottom) in pixels of the upright original picture; times are seconds from the start of
the video, None for a still; probabilities are calibrated P(fake) in [0, 1]; arrays are RGB uint8 (height, width, 3).
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["image", "video"]
Label = Literal["FAKE", "REAL", "INCONCLUSIVE", "NOT_APPLICABLE"]
Box = tuple[float, float, float, float]
Picture = NDArray[np.uint8]

MEMBERS = ("cnn", "resnext", "vit", "lstm")
IMAGE_MEMBERS = ("cnn", "resnext", "vit")


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What the probe and the decode child found out about a file."""

    kind: Kind
    format: str  # jpeg png webp mp4 avi mov mkv flv webm
    width: int
    height: int
    size: int  # bytes
    sha256: str
    duration: float | None = None  # seconds
    fps: float | None = None
    codec: str | None = None
    animated: bool = False
    provenance: dict[str, Any] = field(default_factory=dict)  # ml_core.media.provenance.read


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture; `scale` = original pixels per pixel of `image`."""

    index: int
    time: float | None
    image: Picture
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class FaceDetection:
    """A face that the detector found in one frame, in pixels of that frame's `image`."""

    frame: int
    box: Box
    score: float  # of the detector, 0..1
    landmarks: tuple[tuple[float, float], ...] = ()  # eyes, nose, mouth corners
    track: int = 0


@dataclass(frozen=True, slots=True)
class MemberScore:
    """One member's own calibrated-scale P(fake) and the weight that the gate gave it."""

    p_fake: float
    weight: float


@dataclass(frozen=True, slots=True)
class FaceScore:
    """A face with its own answer of the ensemble."""

    box: Box
    score: float
    p_fake: float
    time: float | None
    frame: int
    track: int
    decides: bool


@dataclass(frozen=True, slots=True)
class FrameScore:
    """The most suspicious deciding face of one sampled frame of a video; None where no face was seen."""

    time: float
    p_fake: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer with its evidence."""

    kind: Kind
    label: Label
    reason: str | None  # code for NOT_APPLICABLE: no_face, face_too_small, too_blurry
    band: str  # strong_fake fake inconclusive real strong_real not_applicable
    p_fake: float
    p_real: float
    confidence: float
    members: dict[str, MemberScore | None]
    faces: tuple[FaceScore, ...]
    frames: tuple[FrameScore, ...]
    model_version: str
    device: str
    elapsed_ms: float
    stages_ms: dict[str, float] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain lists and dictionaries, ready for JSON."""
        return asdict(self)
