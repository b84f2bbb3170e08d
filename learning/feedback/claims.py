"""What an answer claims, given what the detector said. Pure functions."""

from dataclasses import dataclass

from learning.feedback.errors import FeedbackError
from learning.feedback.models import Feedback
from learning.feedback.words import Kind, Label

OPPOSITE = {Label.REAL: Label.FAKE, Label.FAKE: Label.REAL}
NAMED = [(label.value, label.label) for label in OPPOSITE]  # what a person can name
SAID = {"REAL": Label.REAL, "FAKE": Label.FAKE}  # INCONCLUSIVE and NOT_APPLICABLE say neither


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person filled in. `label` is only needed where the verdict said neither real nor fake."""

    answer: str
    label: str = ""
    kind: str = ""
    how: str = ""
    source_url: str = ""


def claimed_label(predicted: str, given: Answer) -> str:
    """Real, fake, or "" for no claim; FeedbackError label_missing or contradiction.

    *Correct* claims what the verdict said, *Incorrect* its opposite. Where the verdict said neither, *Incorrect* claims
    what the person names, and *Correct* claims nothing: it agrees that this is hard to tell.
    """
    if given.answer == Feedback.Answer.NOT_SURE:
        return ""
    said = SAID.get(predicted)
    if said:
        meant = said if given.answer == Feedback.Answer.CORRECT else OPPOSITE[said]
    elif given.answer == Feedback.Answer.CORRECT:
        return ""
    else:
        meant = _named(given)
    if any(other and other != meant for other in (given.label, label_of_kind(given.kind))):
        raise FeedbackError("contradiction")
    return meant


def label_of_kind(kind: str) -> str:
    """Authentic is real, every other kind is fake, no kind says nothing."""
    if not kind:
        return ""
    return Label.REAL if kind == Kind.AUTHENTIC else Label.FAKE


def _named(given: Answer) -> Label:
    named = given.label or label_of_kind(given.kind)
    if not named:
        raise FeedbackError("label_missing")
    return Label(named)
