"""What a person fills in about a token."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from detection.api.scopes import DETECT_READ, DETECT_WRITE, SCOPES
from detection.api.tokens import Wish

LIFETIMES = (("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "No expiry"))


class TokenForm(forms.Form):
    """Name, scopes and lifetime."""

    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="How you recognise it in the list: the program that uses it.",
        error_messages={"required": "Give the token a name."},
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=[(scope, f"{words} ({scope})") for scope, words in SCOPES.items()],
        initial=[DETECT_WRITE, DETECT_READ],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one thing that the token may be used for."},
    )
    lifetime = forms.ChoiceField(label="Valid for", choices=LIFETIMES, initial="90", required=False)

    @property
    def wish(self) -> Wish:
        """What the (valid) form asks for."""
        said: dict[str, Any] = self.cleaned_data
        return Wish(name=said["name"], scopes=said["scopes"], expires_at=self.expires_at(said["lifetime"]))

    @staticmethod
    def expires_at(days: str) -> datetime | None:
        return timezone.now() + timedelta(days=int(days)) if days else None
