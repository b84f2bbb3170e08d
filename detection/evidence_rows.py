"""The lines of the tables and strips on the result page."""

from dataclasses import dataclass

from detection.charts import Lane


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One line of the table of members; no numbers: it did not take part."""

    title: str
    looks_at: str
    p_fake: float | None
    weight: float | None
    stance: str
    agrees: bool | None  # None: there is nothing to agree with


@dataclass(frozen=True, slots=True)
class FaceRow:
    """One face in one picture, in pixels of the original."""

    number: int
    x: float
    y: float
    width: float
    height: float
    p_fake: float
    score: float
    time: float | None
    frame: int
    decides: bool
    tone: str
    left: float  # percent of the picture's width: where the number stands
    top: float
    above: bool  # the number stands above the box, not in it


@dataclass(frozen=True, slots=True)
class Person:
    """One face followed over the frames of a video."""

    number: int
    faces: tuple[FaceRow, ...]
    lane: Lane

    @property
    def decides(self) -> bool:
        return any(face.decides for face in self.faces)

    @property
    def mean(self) -> float:
        return sum(face.p_fake for face in self.faces) / len(self.faces)

    @property
    def highest(self) -> FaceRow:
        return max(self.faces, key=lambda face: face.p_fake)


@dataclass(frozen=True, slots=True)
class FrameRow:
    """One sampled frame with the faces in it."""

    index: int
    time: float
    p_fake: float | None
    tone: str
    faces: tuple[FaceRow, ...]
