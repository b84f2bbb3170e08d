"""The history's filters and orders, as the site's page has them; here a value that makes no sense is an error."""

from typing import Any

import django_filters
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce, Lower
from drf_spectacular.utils import extend_schema_field

from detection import history
from detection.models import Detection, MediaFile

NEWEST = ("-created_at", "-id")
LAST = {"fake": {"-": -1.0, "": 2.0}, "length": {"-": -1.0, "": 1e12}}  # a value behind all others: there is none


@extend_schema_field({"type": "string", "format": "date", "pattern": "^2[0-9]{3}-[0-9]{2}-[0-9]{2}$"})
class DayFilter(django_filters.DateFilter):  # type: ignore[misc]  # django-filter has no annotations
    """A day that every database can turn into a moment, as on the history page."""

    def __init__(self, **options: Any) -> None:
        limits = [MinValueValidator(history.EARLIEST), MaxValueValidator(history.LATEST)]
        super().__init__(method="narrow", validators=limits, **options)


class HistoryFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no annotations
    """Every condition is the history page's own."""

    q = django_filters.CharFilter(method="narrow", help_text="Part of the name, or the beginning of the SHA-256.")
    label = django_filters.ChoiceFilter(method="narrow", choices=Detection.Label.choices)
    status = django_filters.ChoiceFilter(field_name="state", choices=Detection.State.choices)
    kind = django_filters.ChoiceFilter(method="narrow", choices=MediaFile.Kind.choices)
    since = DayFilter(help_text="This day and later.")
    until = DayFilter(help_text="This day and before.")
    batch = django_filters.UUIDFilter()
    sort = django_filters.ChoiceFilter(method="leave", choices=list(history.SORTS.items()))

    class Meta:
        model = Detection
        fields: tuple[str, ...] = ()

    def narrow(self, queryset: QuerySet[Detection], name: str, value: Any) -> QuerySet[Detection]:
        return queryset.filter(history.FILTERS[name](value))

    def leave(self, queryset: QuerySet[Detection], name: str, value: str) -> QuerySet[Detection]:
        """The order is the page's business: cursors depend on it."""
        return queryset


def sorted_by(queryset: QuerySet[Detection], sort: str) -> tuple[QuerySet[Detection], tuple[str, ...]]:
    """The rows with a key that all of them have, and the fields of the order."""
    name, sign = sort.removeprefix("-"), "-" if sort.startswith("-") else ""
    if sort == "when":
        return queryset, ("created_at", "id")
    if name == "name":
        return queryset.annotate(sort_key=Lower("media__name")), (f"{sign}sort_key", *NEWEST)
    if name in LAST:
        column = {"fake": "p_fake", "length": "media__duration"}[name]
        key = Coalesce(column, Value(LAST[name][sign]))
        return queryset.annotate(sort_key=key), (f"{sign}sort_key", *NEWEST)
    return queryset, NEWEST
