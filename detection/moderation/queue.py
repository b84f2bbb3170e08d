"""The read side of the queue: what waits, how much of it, and in which order it is shown."""

import functools
import itertools
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from detection.models import MediaFile
from detection.moderation import access
from detection.moderation.models import ModerationCase
from detection.moderation.words import OPEN_STATES, Reason, State

SHOWN = 50  # the best ones: nobody turns the pages of a queue
AGES = {"1h": ("an hour", 1), "1d": ("a day", 24), "3d": ("three days", 72), "7d": ("a week", 168)}


class QueueForm(forms.Form):
    """The filters. A value that makes no sense is pointed out and otherwise left aside."""

    reason = forms.ChoiceField(label="Reason", required=False, choices=[("", "Any"), *Reason.choices])
    kind = forms.ChoiceField(label="Kind", required=False, choices=[("", "Any"), *MediaFile.Kind.choices])
    age = forms.ChoiceField(
        label="Waits for more than",
        required=False,
        choices=[("", "–"), *((key, words) for key, (words, _) in AGES.items())],
    )
    mine = forms.BooleanField(label="Held by me", required=False)

    @property
    def chosen(self) -> dict[str, Any]:
        """The filters that are set and make sense, by name."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that waits, whoever may take it."""

    total: int
    escalated: int
    reasons: list[tuple[str, str, int]]  # code, words, cases
    kinds: dict[str, int]
    oldest: datetime | None

    @property
    def signature(self) -> str:
        """Changes when the numbers do."""
        return f"{self.total}-{self.escalated}-{self.oldest.isoformat() if self.oldest else ''}"


def waiting_counts() -> QuerySet[ModerationCase, tuple[Any, ...]]:
    """(reasons, kind, state, cases, the oldest one's time): answered by an index alone."""
    waiting = ModerationCase.objects.filter(state__in=OPEN_STATES).order_by()
    return waiting.values_list("reasons", "media_kind", "state").annotate(n=Count("*"), oldest=Min("opened_at"))


def overview() -> Overview:
    """One query; counted by the combination of reasons, of which there are few."""
    rows = waiting_counts()
    reasons, kinds, states = Counter[str](), Counter[str](), Counter[str]()
    oldest: list[datetime] = []
    for codes, kind, state, count, since in rows:
        reasons.update(dict.fromkeys(codes.split(","), count))
        kinds[kind] += count
        states[state] += count
        oldest.append(since)
    listed = [(code, Reason(code).label, count) for code, count in reasons.most_common()]
    return Overview(states.total(), states[State.ESCALATED], listed, dict(kinds), min(oldest, default=None))


def waiting_for(user: User, chosen: dict[str, Any]) -> QuerySet[ModerationCase]:
    """What this person could get now or when its holder lets go of it, narrowed by the filters, the best first."""
    cases = ModerationCase.objects.filter(access.within_reach(user), ~access.decided_by(user))
    cases = cases.exclude(detection__owner=user)
    if reason := chosen.get("reason"):
        cases = cases.filter(reasons__in=_combinations_with(reason))
    if kind := chosen.get("kind"):
        cases = cases.filter(media_kind=kind)
    if age := chosen.get("age"):
        cases = cases.filter(opened_at__lte=timezone.now() - timedelta(hours=AGES[age][1]))
    if chosen.get("mine"):
        cases = cases.filter(holder=user, held_until__gt=timezone.now())
    related = cases.select_related("detection", "detection__media").defer("detection__result")
    return related.order_by("-rank", "id")


def shown_to(user: User, chosen: dict[str, Any]) -> list[ModerationCase]:
    """The first of them."""
    return list(waiting_for(user, chosen)[:SHOWN])


@functools.cache
def _combinations_with(reason: str) -> list[str]:
    """Every combination of reasons that has this one in it, as the table writes them: the index is by combination."""
    others = [code for code in Reason.values if code != reason]
    sets = itertools.chain.from_iterable(itertools.combinations(others, count) for count in range(len(others) + 1))
    return [",".join(sorted((reason, *codes))) for codes in sets]
