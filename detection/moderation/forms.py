"""What moderators and owners fill in."""

from typing import Any

from django import forms

from detection.moderation.models import DecisionTemplate, ModerationCase
from detection.moderation.services import Choice
from detection.moderation.words import Confidence, FakeKind, Ground, State, Verdict

TEXT = 4000


class DecisionForm(forms.Form):
    """One decision. Only an appeal asks for words to the owner."""

    verdict = forms.ChoiceField(label="Decision", choices=Verdict.choices, widget=forms.RadioSelect)
    kind = forms.ChoiceField(label="Kind of fake", required=False, choices=FakeKind.choices, widget=forms.RadioSelect)
    confidence = forms.ChoiceField(label="How sure are you?", choices=Confidence.choices, widget=forms.RadioSelect)
    ground = forms.ChoiceField(label="Because of", choices=Ground.choices)
    note = forms.CharField(
        label="Note for colleagues", required=False, max_length=TEXT, widget=forms.Textarea(attrs={"rows": 2})
    )
    answer = forms.CharField(label="Answer to the owner", max_length=TEXT, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, case: ModerationCase, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"confidence": Confidence.SURE.value, "ground": Ground.SEEN.value, **self.initial}
        if case.state != State.APPEALED:
            del self.fields["answer"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("verdict") == Verdict.FAKE and not cleaned.get("kind"):
            self.add_error("kind", "Choose how it was faked.")
        return cleaned

    @property
    def choice(self) -> Choice:
        """What was chosen, ready for `services.decide`."""
        return Choice(**{name: self.cleaned_data.get(name, "") for name in Choice.__dataclass_fields__})


def initial_from(template_id: str | None) -> dict[str, str]:
    """The prepared decision of that number; nothing where there is none."""
    if template_id is None or not template_id.isdecimal():
        return {}
    template = DecisionTemplate.objects.filter(pk=int(template_id)).first()
    if template is None:
        return {}
    return {name: getattr(template, name) for name in ("verdict", "kind", "ground", "confidence", "note")}


class WordsForm(forms.Form):
    """A dispute or an appeal: the owner's own words."""

    text = forms.CharField(
        label="Why do you think so?",
        help_text="What do you know that the detector cannot see: where does the file come from, who was there?",
        max_length=TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
