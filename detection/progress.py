"""What a person who waits is told: where it is, in words, and about how long it takes."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone

from detection.models import Detection
from detection.selectors import queue_position, typical_ms
from ml_core.errors import ERRORS

STEPS = (
    (Detection.Stage.WAITING, "Waiting for its turn"),
    (Detection.Stage.DECODING, "Reading the file"),
    (Detection.Stage.FACES, "Looking for faces"),
    (Detection.Stage.MODELS, "Asking the models"),
)
PATIENCE = 5.0  # seconds beyond twice the typical time before a run is called slow
ORDER = [stage.value for stage, _ in STEPS]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the list of steps."""

    stage: str
    words: str
    state: str  # done, now, next


def current_stage(detection: Detection) -> str:
    """The stage that is shown: a running detection has left the queue even before its first news."""
    if detection.state == Detection.State.RUNNING and detection.stage == Detection.Stage.WAITING:
        return Detection.Stage.DECODING.value
    return str(detection.stage)


def steps(detection: Detection) -> list[Step]:
    """The steps with what is behind and what is ahead."""
    stage = current_stage(detection)
    now = ORDER.index(stage) if stage in ORDER else len(ORDER)
    return [
        Step(name.value, words, "done" if at < now else "now" if at == now else "next")
        for at, (name, words) in enumerate(STEPS)
    ]


def elapsed_seconds(detection: Detection) -> float:
    """Since it was uploaded, until it was over."""
    return max(((detection.finished_at or timezone.now()) - detection.created_at).total_seconds(), 0.0)


def sentence(detection: Detection, position: int | None) -> str:
    """The state in words, for the page and for the live region."""
    if detection.state == Detection.State.QUEUED:
        return "Next in the queue." if position == 1 else f"Waiting at place {position} in the queue."
    if detection.state == Detection.State.RUNNING:
        return f"{dict(STEPS)[Detection.Stage(current_stage(detection))]}."
    if detection.state == Detection.State.DONE:
        return f"Done: {detection.get_label_display()}."
    return "Cancelled." if detection.state == Detection.State.CANCELLED else "This did not work."


def expectation(detection: Detection, position: int | None) -> str:
    """About how long, from what the last runs took; empty where nothing is known yet."""
    typical = typical_ms(detection.media.kind)
    if typical is None:
        return ""
    if detection.started_at and (timezone.now() - detection.started_at).total_seconds() > PATIENCE + typical / 500:
        return "This takes longer than usual."
    seconds = max(round(typical * (position or 1) / 1000), 1)
    if seconds < 100:
        return f"Usually takes about {seconds} s."
    return f"Usually takes about {round(seconds / 60)} min."


def progress(detection: Detection) -> dict[str, Any]:
    """The status as the page's script and its first rendering want it."""
    position = queue_position(detection)
    over = detection.is_over
    error = detection.error_code
    return {
        "state": detection.state,
        "stage": detection.stage if over else current_stage(detection),
        "position": position,
        "error": {"code": error, "sentence": ERRORS[error].sentence} if error in ERRORS else None,
        "url": reverse("detection:result", args=[detection.id]),
        "sentence": sentence(detection, position),
        "expectation": "" if over else expectation(detection, position),
        "elapsed": round(elapsed_seconds(detection), 1),
    }
