"""Curves as inline SVG: percent along, pixels across, so that a plot fills any width; and the table behind it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 160
PADDING = 12
MOST_POINTS = 120

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Dot:
    """One value at its place."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a plot. `mark` tells the lines apart where colour does not: solid or dashed."""

    name: str
    mark: str
    dots: tuple[Dot, ...]

    @property
    def points(self) -> list[tuple[Dot, Dot]]:
        """Neighbours, to be joined."""
        return list(zip(self.dots, self.dots[1:], strict=False))

    @property
    def shows_dots(self) -> bool:
        """Single values are shown while there are few."""
        return len(self.dots) <= 40


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot with its table: `head` names the columns, `rows` has every value that was drawn."""

    key: str
    title: str
    note: str
    low: str
    high: str
    first: str
    last: str
    series: tuple[Series, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def height(self) -> int:
        return HEIGHT

    @property
    def is_empty(self) -> bool:
        """Nothing to draw yet."""
        return not any(one.dots for one in self.series)


def plot(
    key: str, title: str, note: str, places: Sequence[str], lines: Sequence[tuple[str, Values]], what: str = "Run"
) -> Plot:
    """One line or several over the same places; a missing value is a gap in the table and no dot."""
    thinned, lines = thin(places, lines)
    known = [value for _, values in lines for value in values if value is not None]
    low, high = bounds(known)
    series = tuple(
        Series(name, "solid" if number == 0 else "dashed", _dots(thinned, values, low, high))
        for number, (name, values) in enumerate(lines)
    )
    rows = tuple((place, *(number(values[index]) for _, values in lines)) for index, place in enumerate(thinned))
    ends = (thinned[0], thinned[-1]) if thinned else ("", "")
    return Plot(key, title, note, number(low), number(high), *ends, series, (what, *(name for name, _ in lines)), rows)


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """From the lowest to the highest, never of no height."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    if math.isclose(low, high, abs_tol=1e-9):
        return low - 0.5, high + 0.5
    return low, high


def thin(places: Sequence[str], lines: Sequence[tuple[str, Values]]) -> tuple[list[str], list[tuple[str, Values]]]:
    """At most 120 places: of more, neighbours are averaged, and stand at the last of them."""
    group = max(1, -(-len(places) // MOST_POINTS))
    if group == 1:
        return list(places), list(lines)
    ends = [min(start + group, len(places)) - 1 for start in range(0, len(places), group)]
    return [places[end] for end in ends], [(name, _averaged(values, group)) for name, values in lines]


def _averaged(values: Values, group: int) -> Values:
    parts = (values[start : start + group] for start in range(0, len(values), group))
    known = ([value for value in part if value is not None] for part in parts)
    return [sum(part) / len(part) if part else None for part in known]


def _dots(places: Sequence[str], values: Values, low: float, high: float) -> tuple[Dot, ...]:
    width = max(1, len(places) - 1)
    return tuple(
        Dot(
            round(100 * index / width, 2) if len(places) > 1 else 50.0,
            round(PADDING + (1 - (value - low) / (high - low)) * (HEIGHT - 2 * PADDING), 1),
            f"{place}: {number(value)}",
        )
        for index, (place, value) in enumerate(zip(places, values, strict=True))
        if value is not None
    )


def number(value: float | None) -> str:
    """Three significant digits, no exponent where it can be avoided."""
    if value is None:
        return "–"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.4f}" if abs(value) < 0.1 else f"{value:.3g}"
