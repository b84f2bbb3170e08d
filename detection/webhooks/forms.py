"""What a person fills in about a webhook."""

from collections.abc import Mapping
from typing import Any

from django import forms

from detection.webhooks import targets
from detection.webhooks.errors import WebhookError
from detection.webhooks.events import WORDS
from detection.webhooks.models import WebhookEndpoint


class EndpointForm(forms.Form):
    """Address, name and events."""

    url = forms.CharField(
        label="Address",
        help_text="Where the events are sent, like https://example.org/hooks.",
        max_length=targets.MAX_LENGTH,
        widget=forms.URLInput(attrs={"autocomplete": "url"}),
        error_messages={"required": "Enter the address of your receiver."},
    )
    description = forms.CharField(
        label="Name", help_text="Optional: how you recognise it in a list.", max_length=100, required=False
    )
    events = forms.MultipleChoiceField(
        label="Events",
        choices=list(WORDS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one event."},
    )

    def __init__(self, data: Mapping[str, Any] | None = None, endpoint: WebhookEndpoint | None = None) -> None:
        initial: dict[str, Any] = {"events": list(WORDS)}
        if endpoint is not None:
            initial = {"url": endpoint.url, "description": endpoint.description, "events": endpoint.events}
        super().__init__(data, initial=initial)

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            targets.parse(url)
        except WebhookError as error:
            raise forms.ValidationError(error.sentence, code=error.code) from error
        return url
