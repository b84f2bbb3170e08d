"""What the pages ask for."""

from typing import Any

from django import forms

from detection.models import Detection
from learning.feedback.claims import OPPOSITE, SAID, Answer
from learning.feedback.models import Feedback
from learning.feedback.words import Kind, Label

JUDGING = (("correct", "Correct"), ("incorrect", "Incorrect"), ("not_sure", "Not sure"))
NAMING = (("real", "It is real"), ("fake", "It is fake"), ("not_sure", "Not sure"))


def choices_for(detection: Detection) -> tuple[tuple[str, str], ...]:
    """A verdict that says real or fake is judged; one that says neither is answered."""
    return JUDGING if detection.label in SAID else NAMING


def choice_of(feedback: Feedback) -> str:
    """Which of these choices an earlier answer was."""
    named = feedback.detection.label not in SAID and feedback.claim
    return str(feedback.claim if named else feedback.answer)


class FeedbackForm(forms.Form):
    """One answer to one verdict."""

    answer = forms.ChoiceField(label="Your answer", widget=forms.RadioSelect)
    kind = forms.ChoiceField(
        label="What do you think it is?", choices=(("", "I do not know"), *Kind.choices), required=False
    )
    how = forms.CharField(
        label="How do you know?",
        help_text="You were there, you know the person, you found the original… Moderators read this.",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    source_url = forms.URLField(
        label="A link to the source",
        help_text="Where it was published, or where the original is. Nobody opens it automatically.",
        required=False,
        max_length=500,
        assume_scheme="https",
    )

    def __init__(self, detection: Detection, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.detection = detection
        answer = self.fields["answer"]
        assert isinstance(answer, forms.ChoiceField)  # noqa: S101  # for the type checker
        answer.choices = choices_for(detection)

    def given(self) -> Answer:
        """What was filled in, in the words of the services."""
        data = self.cleaned_data
        answer, label = meaning(data["answer"], self.detection.label)
        return Answer(answer, label, data["kind"], data["how"], data["source_url"])


def meaning(choice: str, predicted: str) -> tuple[str, str]:
    """A choice as answer and named label: *real* where the verdict says neither is *Incorrect: real*."""
    if choice in OPPOSITE:
        return ("correct" if SAID.get(predicted) == choice else "incorrect"), Label(choice).value
    return choice, ""


def filled_with(feedback: Feedback) -> dict[str, Any]:
    """An earlier answer as the form's first values."""
    values = {name: getattr(feedback, name) for name in ("kind", "how", "source_url")}
    return {"answer": choice_of(feedback), **values}


class SetAsideForm(forms.Form):
    """Why a reporter is set aside: the audit trail keeps it."""

    reason = forms.CharField(label="Reason", max_length=500, required=False)
