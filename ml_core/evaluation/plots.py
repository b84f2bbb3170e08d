"""The plots as PNG. Matplotlib is imported here and nowhere else, and only when a plot is drawn."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ml_core.evaluation.curves import Curves

COLOURS = ("#1f5fbf", "#c4491d", "#1b7f4d", "#7a3fa0", "#8a6d00", "#0f7c8c", "#a8325e", "#555555")
SAID = (("REAL", "#1b7f4d", ""), ("INCONCLUSIVE", "#b9b9b9", "//"), ("FAKE", "#c4491d", ".."))


def draw(curves: Curves, title: str, folder: Path, suffix: str = "") -> dict[str, Path]:
    """Four PNG files below `folder`, by the plot's name."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, plot in PLOTS.items():
        rows = len(curves["said"]) if name == "families" else 0
        figure = Figure(figsize=(7, max(4.2, 0.32 * rows + 1.6)), layout="constrained")
        plot(figure.add_subplot(), curves)
        figure.suptitle(title, fontsize=9)
        files[name] = folder / f"{name}{suffix}.png"
        figure.savefig(files[name], dpi=120, metadata={"Software": None})
    return files


def _reliability(axes: Axes, curves: Curves) -> None:
    axes.plot([0, 1], [0, 1], color="#888888", linewidth=1, linestyle="--", label="perfect")
    for (name, points), colour in zip(curves["reliability"].items(), COLOURS * 4, strict=False):
        width = 2.2 if name == "all" else 1.0
        axes.plot(
            [p[0] for p in points],
            [p[1] for p in points],
            marker="o",
            markersize=3,
            color=colour,
            label=name,
            linewidth=width,
        )
    _name(axes, "mean P(fake) in the bin", "share of fakes", "Reliability")


def _roc(axes: Axes, curves: Curves) -> None:
    axes.plot([0, 1], [0, 1], color="#888888", linewidth=1, linestyle="--", label="chance")
    for (name, points), colour in zip(curves["roc"].items(), COLOURS * 4, strict=False):
        axes.plot([p[0] for p in points], [p[1] for p in points], color=colour, label=name)
    _name(axes, "false alarms among reals", "fakes found", "ROC per source")


def _risk_coverage(axes: Axes, curves: Curves) -> None:
    for (name, points), colour in zip(curves["risk_coverage"].items(), COLOURS * 4, strict=False):
        width = 2.2 if name == "all" else 1.0
        axes.plot([p[0] for p in points], [p[1] for p in points], color=colour, linewidth=width, label=name)
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    _name(axes, "share of items judged, the surest first", "share wrong among them", "Risk and coverage")


def _families(axes: Axes, curves: Curves) -> None:
    rows = curves["said"][::-1]
    names = [f"{row['source']} · {row['family']} ({row['items']})" for row in rows]
    left = [0.0] * len(rows)
    for label, colour, hatch in SAID:
        shares = [row[label] / row["items"] for row in rows]
        axes.barh(names, shares, left=left, color=colour, hatch=hatch, edgecolor="white", label=label)
        left = [start + share for start, share in zip(left, shares, strict=True)]
    axes.set_xlim(0, 1)
    axes.tick_params(axis="y", labelsize=7)
    axes.set_xlabel("share of the items")
    axes.set_title("What was said, by family", fontsize=10)
    if rows:
        axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.12), ncols=3, fontsize=7, frameon=False)


def _name(axes: Axes, x: str, y: str, title: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.25)
    if axes.lines:
        axes.legend(fontsize=7)


PLOTS: dict[str, Callable[[Axes, Curves], None]] = {
    "reliability": _reliability,
    "roc": _roc,
    "families": _families,
    "risk_coverage": _risk_coverage,
}
