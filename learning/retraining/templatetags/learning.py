"""How numbers and states of the learning loop look."""

from collections.abc import Sequence

from django import template

from learning.retraining.models import TrainingRun
from learning.retraining.plots import number
from learning.retraining.stats import RunFigures

register = template.Library()
State = TrainingRun.State

CIRCLE = "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z"
CHECK = "M6.4 12.2 2.3 8.1l1.5-1.5 2.6 2.6 5.8-5.9 1.5 1.5z"
CROSS = "M4 2.6 8 6.6l4-4L13.4 4l-4 4 4 4-1.4 1.4-4-4-4 4L2.6 12l4-4-4-4z"
BAR = "M2 7h12v2H2z"
LOOKS: dict[str, tuple[str, str]] = {
    State.QUEUED: ("neutral", CIRCLE),
    State.RUNNING: ("doubt", CIRCLE),
    State.EVALUATING: ("doubt", CIRCLE),
    State.CANDIDATE: ("real", CHECK),
    State.REFUSED: ("fake", CROSS),
    State.UNCHANGED: ("neutral", BAR),
    State.CANCELLED: ("neutral", BAR),
    State.FAILED: ("fake", CROSS),
}
SENTENCES: dict[str, str] = {
    State.QUEUED: "It waits for a worker.",
    State.RUNNING: "It is learning.",
    State.EVALUATING: "It answers the frozen sets.",
    State.CANDIDATE: "It gave a candidate.",
    State.REFUSED: "Its result is not used.",
    State.UNCHANGED: "There was nothing new to learn.",
    State.CANCELLED: "It was cancelled.",
    State.FAILED: "It failed.",
}


@register.inclusion_tag("learning/_badge.html")
def run_badge(run: TrainingRun) -> dict[str, str]:
    """The state as word, shape and colour."""
    tone, path = LOOKS[run.state]
    return {"tone": tone, "path": path, "word": run.get_state_display()}


@register.filter
def run_sentence(run: TrainingRun) -> str:
    """The state in one sentence."""
    return SENTENCES[run.state]


@register.simple_tag
def run_outcome(run: TrainingRun, figures: Sequence[RunFigures]) -> str:
    """How many held-out items changed sides; a dash where nothing was learned."""
    row = next((row for row in figures if row.run == run.pk), None)
    if row is None or not row.held_out.items:
        return "–"
    return f"{row.held_out.to_right} turned right, {row.held_out.to_wrong} wrong, of {row.held_out.items}"


@register.filter
def figure(value: float | None) -> str:
    """Three significant digits."""
    return number(value)


@register.filter
def auc(value: float | None) -> str:
    """Three decimals."""
    return "–" if value is None else f"{value:.3f}"


@register.filter
def signed(value: float | None) -> str:
    """A difference with its sign."""
    return "–" if value is None else f"{value:+.3f}".replace("-", "−")


@register.filter
def hours(value: float | None) -> str:
    """Hours, or days beyond two of them."""
    if value is None:
        return "–"
    return f"{value:.1f} h" if value < 48 else f"{value / 24:.1f} days"
