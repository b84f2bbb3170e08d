"""Geometry of the inline SVG: percent along, pixels across, so that a chart fills any width undistorted."""

from collections.abc import Sequence
from dataclasses import dataclass

from ml_core.verdict import Bands

LANE_HEIGHT = 72
LANE_PADDING = 8


@dataclass(frozen=True, slots=True)
class Region:
    """One part of the scale from 0 to 1 of P(fake)."""

    band: str
    start: float
    width: float
    tone: str

    @property
    def middle(self) -> float:
        return self.start + self.width / 2


@dataclass(frozen=True, slots=True)
class Point:
    """One score at one time."""

    x: float
    y: float
    time: float
    p_fake: float
    frame: int
    label: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The course of one person's scores; `segments` joins neighbouring points."""

    points: tuple[Point, ...]
    regions: tuple[Region, ...]

    @property
    def height(self) -> int:
        return LANE_HEIGHT

    @property
    def segments(self) -> list[tuple[Point, Point]]:
        return list(zip(self.points, self.points[1:], strict=False))


def regions(bands: Bands) -> tuple[Region, ...]:
    """The five bands from left (real) to right (fake), in percent."""
    cuts = [0.0, bands.strong_real, bands.real, bands.fake, bands.strong_fake, 1.0]
    names = ("strong_real", "real", "inconclusive", "fake", "strong_fake")
    tones = ("real", "real", "doubt", "fake", "fake")
    return tuple(
        Region(band, 100 * low, 100 * (high - low), tone)
        for band, tone, low, high in zip(names, tones, cuts, cuts[1:], strict=False)
    )


def height_of(p_fake: float) -> float:
    """Fake is up: 1 at the top of a lane, 0 at its bottom."""
    return round(LANE_PADDING + (1 - p_fake) * (LANE_HEIGHT - 2 * LANE_PADDING), 1)


def lane_regions(bands: Bands) -> tuple[Region, ...]:
    """The same bands as rows of a lane: `start` and `width` are pixels from the top."""
    rows = []
    for region in regions(bands):
        top, bottom = height_of((region.start + region.width) / 100), height_of(region.start / 100)
        rows.append(Region(region.band, top, round(bottom - top, 1), region.tone))
    return tuple(rows)


def lane(scores: Sequence[tuple[float, float, int, str]], duration: float, bands: Bands) -> Lane:
    """(time, P(fake), frame, label) in any order → a lane over the whole duration."""
    length = max(duration, *(time for time, *_ in scores), 0.001) if scores else 1.0
    points = [
        Point(round(100 * time / length, 2), height_of(p_fake), time, p_fake, frame, label)
        for time, p_fake, frame, label in sorted(scores)
    ]
    return Lane(tuple(points), lane_regions(bands))
