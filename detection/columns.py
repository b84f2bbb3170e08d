"""Geometry of column charts: percent along, pixels up, so that a chart fills any width undistorted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 160
TOP = 20  # room for the highest tick's number
GAP = 0.25  # of a place is left free


@dataclass(frozen=True, slots=True)
class Column:
    """One value; x and width in percent, y and height in pixels."""

    x: float
    width: float
    y: float
    height: float
    series: int
    words: str


@dataclass(frozen=True, slots=True)
class Columns:
    """A chart with its table: `rows` are (name, values), `ticks` are (pixels from the top, number)."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    series: tuple[str, ...]
    ticks: tuple[tuple[float, int], ...]

    @property
    def height(self) -> int:
        return HEIGHT

    @property
    def marks(self) -> list[tuple[float, str]]:
        """At most eight names under the chart: (middle in percent, name)."""
        every = math.ceil(len(self.rows) / 8)
        place = 100 / len(self.rows) if self.rows else 100
        return [(round(place * (at + 0.5), 2), name) for at, (name, _) in enumerate(self.rows) if at % every == 0]

    @property
    def total(self) -> int:
        return sum(sum(values) for _, values in self.rows)


def columns(rows: Sequence[tuple[str, tuple[int, ...]]], series: tuple[str, ...]) -> Columns:
    """Named groups of values, one value for each series, side by side."""
    top = _round_up(max((value for _, values in rows for value in values), default=0))
    place = 100 / max(len(rows), 1)
    width = place * (1 - GAP) / len(series)
    made = []
    for at, (name, values) in enumerate(rows):
        for number, value in enumerate(values):
            height = value / top * (HEIGHT - TOP)
            x = place * at + place * GAP / 2 + width * number
            words = f"{name}: {value} {series[number]}"
            made.append(
                Column(round(x, 3), round(width, 3), round(HEIGHT - height, 1), round(height, 1), number, words)
            )
    ticks = ((float(TOP), top), (round(TOP + (HEIGHT - TOP) / 2, 1), top // 2)) if top > 1 else ((float(TOP), top),)
    return Columns(tuple(made), tuple(rows), series, ticks)


def _round_up(value: int) -> int:
    """The next 1, 2, 4, 6, 8, 10, 20, 40 … : its half is a whole number, too."""
    if value <= 1:
        return 1
    step = 10 ** int(math.log10(value))
    return next(int(factor * step) for factor in (1, 2, 4, 6, 8, 10) if factor * step >= value)
