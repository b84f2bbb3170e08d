"""The read side of the history: what is asked for in the address, and in which order and portions it is shown."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import F, OrderBy, Q, QuerySet
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils import timezone

from detection.models import Detection, MediaFile

PAGE_SIZE = 25
DEFAULT_SORT = "-when"
SORTS: dict[str, str] = {
    "-when": "Newest first",
    "when": "Oldest first",
    "name": "Name, A to Z",
    "-name": "Name, Z to A",
    "-fake": "P(fake), highest first",
    "fake": "P(fake), lowest first",
    "-length": "Video length, longest first",
    "length": "Video length, shortest first",
}
SORT_KEYS: dict[str, F | Lower] = {
    "name": Lower("media__name"),
    "fake": F("p_fake"),
    "length": F("media__duration"),
}
FIRST_CLICK = {"name": "name", "fake": "-fake", "when": "-when", "length": "-length"}
EARLIEST, LATEST = datetime.date(2000, 1, 1), datetime.date(2999, 12, 31)


@dataclass(frozen=True, slots=True)
class SortLink:
    """The query of a column's head, and how the table is ordered by it now."""

    query: str
    direction: str  # of aria-sort; empty where another column decides


def date_field(label: str) -> forms.DateField:
    """A day that every database can turn into a moment."""
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
        error_messages={"invalid": "Write the date like 2026-03-31."},
    )


class HistoryForm(forms.Form):
    """The filters. A value that makes no sense is pointed out and otherwise left aside."""

    q = forms.CharField(label="Name or SHA-256", required=False, max_length=255, widget=forms.SearchInput)
    label = forms.ChoiceField(label="Verdict", required=False, choices=[("", "Any"), *Detection.Label.choices])
    state = forms.ChoiceField(label="State", required=False, choices=[("", "Any"), *Detection.State.choices])
    kind = forms.ChoiceField(label="Kind", required=False, choices=[("", "Any"), *MediaFile.Kind.choices])
    since = date_field("From")
    until = date_field("To")
    sort = forms.ChoiceField(label="Order", required=False, choices=list(SORTS.items()))

    @property
    def chosen(self) -> dict[str, Any]:
        """The filters that are set and make sense, by name."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}

    @property
    def narrows(self) -> bool:
        """Is anything but the order asked for?"""
        return bool(set(self.chosen) - {"sort"})


def midnight(day: datetime.date) -> datetime.datetime:
    """The moment at which a day begins here."""
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))


def matches_text(text: str) -> Q:
    """Part of the name, or the beginning of the file's hash."""
    return Q(media__name__icontains=text) | Q(media__sha256__startswith=text.strip().lower())


FILTERS: dict[str, Callable[[Any], Q]] = {
    "q": matches_text,
    "label": lambda value: Q(label=value),
    "state": lambda value: Q(state=value),
    "kind": lambda value: Q(media__kind=value),
    "since": lambda day: Q(created_at__gte=midnight(day)),
    "until": lambda day: Q(created_at__lt=midnight(day + datetime.timedelta(days=1))),
}


def ordering(sort: str) -> list[OrderBy]:
    """Newest first among equals; what has no value comes last either way."""
    newest = [F("created_at").desc(), F("id").desc()]  # exactly the index `detection_history`
    name, backwards = sort.removeprefix("-"), sort.startswith("-")
    if name == "when":
        return newest if backwards else [F("created_at").asc(), F("id").asc()]
    key = SORT_KEYS[name]
    return [key.desc(nulls_last=True) if backwards else key.asc(nulls_last=True), *newest]


def narrow(detections: QuerySet[Detection], form: HistoryForm) -> QuerySet[Detection]:
    """The asked part of what somebody may see, in the asked order."""
    chosen = form.chosen
    wanted = Q()
    for name, condition in FILTERS.items():
        if name in chosen:
            wanted &= condition(chosen[name])
    return detections.filter(wanted).select_related("media").order_by(*ordering(chosen.get("sort", DEFAULT_SORT)))


def page_of(detections: QuerySet[Detection], number: str | None) -> Page[Detection]:
    """One page without the evidence, which is large; a page number that makes no sense gives the nearest page."""
    return Paginator(detections.defer("result"), PAGE_SIZE).get_page(number)


def query_with(query: QueryDict, **changes: str | None) -> str:
    """The address' query with some parts changed; None takes a part away, and empty ones go too."""
    merged = query.copy()
    for name, value in changes.items():
        merged[name] = value or ""
    for name in [name for name, value in merged.items() if not value]:
        del merged[name]
    return merged.urlencode()


def sort_links(query: QueryDict, current: str) -> dict[str, SortLink]:
    """Per column: what a click on its head asks for. The same column again turns the order round."""
    links = {}
    for key, first in FIRST_CLICK.items():
        direction = {key: "ascending", f"-{key}": "descending"}.get(current, "")
        turned = key if current == f"-{key}" else f"-{key}"
        links[key] = SortLink(query_with(query, sort=turned if direction else first, page=None), direction)
    return links
