"""The read side of the audit trail: what leads ask for in the address, newest first, in portions."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from detection.history import date_field, midnight
from detection.models import AuditEvent

PORTION = 50


class TrailForm(forms.Form):
    """The filters. A value that makes no sense is pointed out and otherwise left aside."""

    who = forms.CharField(label="Who", required=False, max_length=150, widget=forms.SearchInput)
    verb = forms.CharField(label="Did what", required=False, max_length=32, widget=forms.SearchInput)
    what = forms.CharField(label="Object or request", required=False, max_length=64, widget=forms.SearchInput)
    since = date_field("From")
    until = date_field("To")
    below = forms.IntegerField(required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput)

    @property
    def chosen(self) -> dict[str, Any]:
        """The filters that are set and make sense, by name."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}

    @property
    def narrows(self) -> bool:
        return bool(set(self.chosen) - {"below"})


FILTERS: dict[str, Callable[[Any], Q]] = {
    "who": lambda name: Q(actor_name=name),
    "verb": lambda verb: Q(verb=verb),
    "what": lambda text: Q(object_id=text) | Q(request_id=text) | Q(object_type=text),
    "since": lambda day: Q(at__gte=midnight(day)),
    "until": lambda day: Q(at__lt=midnight(day + datetime.timedelta(days=1))),
}


@dataclass(frozen=True, slots=True)
class Portion:
    """Some events, and where the next ones begin; None at the end."""

    events: list[AuditEvent]
    below: int | None


def narrow(events: QuerySet[AuditEvent], form: TrailForm) -> QuerySet[AuditEvent]:
    """The asked part of the trail, in whatever order."""
    wanted = Q()
    for name, condition in FILTERS.items():
        if name in form.chosen:
            wanted &= condition(form.chosen[name])
    return events.filter(wanted)


def portion_of(events: QuerySet[AuditEvent], form: TrailForm) -> Portion:
    """Newest first, from where the address says: no counting, however long the trail is."""
    rows = narrow(events, form).select_related("link").order_by("-pk")
    if below := form.chosen.get("below"):
        rows = rows.filter(pk__lt=below)
    found = list(rows[: PORTION + 1])
    return Portion(found[:PORTION], found[PORTION - 1].pk if len(found) > PORTION else None)
