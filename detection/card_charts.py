"""The model card's plots as inline SVG: geometry here, colours in the style sheet, the points as a table beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 360, 280
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 40
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
STYLES = 6  # of lines: colour and dashes together; after that they begin again
MOST_LINES = 6
POINTS_IN_A_TABLE = 12

Curves = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One series: its name, its style's number, `points` for a polyline, markers where it has few points."""

    name: str
    style: int
    points: str
    markers: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A square of [0, 1] by [0, top] with lines, and the same as a table."""

    name: str
    title: str
    text: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    diagonal: bool
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM
    middle_x, middle_y = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    label_y, tick_y, tick_x = HEIGHT - 6, HEIGHT - BOTTOM + 16, LEFT - 6

    @property
    def caption(self) -> str:
        """Of the table."""
        return self.title


@dataclass(frozen=True, slots=True)
class SaidRow:
    """What was said about one family: shares in percent, one after the other."""

    name: str
    items: int
    parts: Sequence["Part"]


@dataclass(frozen=True, slots=True)
class Part:
    """One answer's share."""

    label: str
    tone: str
    start: float
    width: float


def roc(curves: Curves) -> Plot:
    """Fakes found against false alarms, per source."""
    text = "The nearer to the upper left corner the better; the diagonal is chance."
    return _plot("roc", "ROC per source", text, "false alarms among reals", "fakes found", curves["roc"], diagonal=True)


def reliability(curves: Curves) -> Plot:
    """Whether P(fake) means what it says."""
    text = "Of the items with a P(fake) of about 0.8, about 80 % should be fakes: on the diagonal the number is true."
    found = {name: [point[:2] for point in points] for name, points in curves["reliability"].items()}
    return _plot("reliability", "Reliability", text, "P(fake)", "share of fakes", found, diagonal=True, markers=True)


def risk(curves: Curves) -> Plot:
    """How often it is wrong if only the surest answers count."""
    text = (
        "If only its surest answers count, how often is it wrong? The further to the right, the more items are judged."
    )
    return _plot("risk", "Risk and coverage", text, "share of items judged", "share wrong", curves["risk_coverage"])


def said(curves: Curves) -> list[SaidRow]:
    """The three answers by family, as stacked bars."""
    tones = (("REAL", "real"), ("INCONCLUSIVE", "doubt"), ("FAKE", "fake"))
    rows = []
    for row in curves["said"]:
        parts, start = [], 0.0
        for label, tone in tones:
            width = round(100 * row[label] / row["items"], 1)
            parts.append(Part(label, tone, round(start, 1), width))
            start += width
        rows.append(SaidRow(f"{row['source']}: {row['family']}", row["items"], parts))
    return rows


def _plot(
    name: str,
    title: str,
    text: str,
    x_label: str,
    y_label: str,
    series: Mapping[str, Sequence[Sequence[float]]],
    diagonal: bool = False,
    markers: bool = False,
) -> Plot:
    chosen = dict(list(series.items())[:MOST_LINES])
    top = 1.0 if diagonal else _round_up(max((y for points in chosen.values() for _, y in points), default=1.0))
    place = _placer(top)
    lines = [
        Line(
            series_name,
            number % STYLES + 1,
            " ".join(f"{x},{y}" for x, y in map(place, points)),
            [place(point) for point in points] if markers else [],
        )
        for number, (series_name, points) in enumerate(chosen.items())
    ]
    x_ticks = [Tick(place((value, 0))[0], f"{value:g}") for value in TICKS]
    y_ticks = [Tick(place((0, value * top))[1], f"{value * top:.2g}") for value in TICKS]
    rows = [[n, f"{x:.3f}", f"{y:.3f}"] for n, points in chosen.items() for x, y in _some(points)]
    head = ["series", x_label, y_label]
    return Plot(name, title, text, x_label, y_label, lines, x_ticks, y_ticks, diagonal, head, rows)


def _placer(top: float) -> Callable[[Sequence[float]], tuple[float, float]]:
    """From figures to pixels."""

    def place(point: Sequence[float]) -> tuple[float, float]:
        x = LEFT + point[0] * (WIDTH - LEFT - RIGHT)
        y = HEIGHT - BOTTOM - point[1] / top * (HEIGHT - TOP - BOTTOM)
        return round(x, 1), round(y, 1)

    return place


def _round_up(value: float) -> float:
    """The next of 0.1, 0.2, 0.5, 1 above: the top of an axis."""
    return next((edge for edge in (0.1, 0.2, 0.5) if value <= edge), 1.0)


def _some(points: Sequence[Sequence[float]]) -> Sequence[Sequence[float]]:
    """Evenly chosen: a table of a hundred points is read by nobody."""
    if len(points) <= POINTS_IN_A_TABLE:
        return points
    last = len(points) - 1
    return [points[round(number * last / (POINTS_IN_A_TABLE - 1))] for number in range(POINTS_IN_A_TABLE)]
