"""What leads see of moderation as numbers: how much, how fast, how often the machine was wrong, who did how much.

Known cases are left out everywhere but in the load, where they are work like any other. A case counts in the period in
which it was decided. `waited` goes from when a case (or the appeal against it) began to wait to its decision.
"""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Min
from django.db.models.functions import TruncDate
from django.utils import timezone

from detection.moderation.agreement import wilson
from detection.moderation.models import Appeal, Decision, ModerationCase
from detection.moderation.words import OPEN_STATES, VERDICT_OF_LABEL, AppealState, Reason, Round, State, Verdict

CLEAR = (Verdict.REAL.value, Verdict.FAKE.value)
WEEKLY_FROM = 92  # days: longer periods are counted by the week
WAITS = (
    *((300, "5 min"), (900, "15 min"), (3600, "1 h"), (4 * 3600, "4 h")),
    *((86_400, "1 d"), (3 * 86_400, "3 d"), (7 * 86_400, "1 week")),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One decided case."""

    reasons: tuple[str, ...]
    label: str
    version: str
    verdict: str
    decided: date
    waited: float  # seconds


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % Wilson interval."""

    name: str
    count: int
    hits: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.hits / self.count


@dataclass(frozen=True, slots=True)
class Slot:
    """One day, or the week that begins with it."""

    day: date
    opened: int
    decided: int


@dataclass(frozen=True, slots=True)
class Load:
    """One moderator's work; `median` is from the claim to the decision, in seconds."""

    name: str
    decisions: int
    second: int
    median: float
    share: float  # of all decisions


@dataclass(frozen=True, slots=True)
class Appeals:
    """Appeals against decisions of the period."""

    decided: int
    appealed: int
    answered: int
    overturned: int

    @property
    def rate(self) -> float | None:
        return self.appealed / self.decided if self.decided else None

    @property
    def overturn_rate(self) -> float | None:
        return self.overturned / self.answered if self.answered else None


def judged(since: datetime) -> list[Judged]:
    """Every case that was decided since then, without the evidence of its detection."""
    cases = ModerationCase.objects.filter(state=State.DECIDED, is_gold=False, decided_at__gte=since).order_by()
    fields = ("reasons", "detection__label", "detection__model_version", "verdict", "decided_at", "opened_at")
    return [
        Judged(tuple(reasons.split(",")), label, version, verdict, day_of(decided), (decided - opened).total_seconds())
        for reasons, label, version, verdict, decided, opened in cases.values_list(*fields).iterator(chunk_size=5000)
    ]


def day_of(moment: datetime) -> date:
    return timezone.localdate(moment)


def waiting() -> tuple[int, datetime | None]:
    """How many cases wait at this moment, and since when the oldest of them does."""
    row = ModerationCase.objects.filter(state__in=OPEN_STATES).aggregate(n=Count("pk"), oldest=Min("opened_at"))
    return row["n"], row["oldest"]


def volume(since: datetime, cases: Sequence[Judged]) -> list[Slot]:
    """Per day, or per week of a long period: what began to wait and what was decided; days without either too."""
    first, today = day_of(since), timezone.localdate()
    step = 7 if (today - first).days > WEEKLY_FROM else 1
    opened, decided = Counter[date](), Counter(_slot(case.decided, first, step) for case in cases)
    began = ModerationCase.objects.filter(is_gold=False, opened_at__gte=since).order_by()
    for day, count in began.values_list(TruncDate("opened_at")).annotate(n=Count("pk")):
        opened[_slot(day, first, step)] += count
    days = [first + timedelta(days=number) for number in range(0, (today - first).days + 1, step)]
    return [Slot(day, opened[day], decided[day]) for day in days]


def _slot(day: date, first: date, step: int) -> date:
    return first + timedelta(days=(day - first).days // step * step)


def median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share of all do not exceed (nearest rank)."""
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else None


def waits(cases: Iterable[Judged]) -> list[tuple[str, int]]:
    """How long cases waited, in classes: up to five minutes, up to fifteen …"""
    counts = Counter(next((words for limit, words in WAITS if case.waited <= limit), "longer") for case in cases)
    return [(words, counts[words]) for words in (*(words for _, words in WAITS), "longer")]


def overturned(cases: Iterable[Judged], names: Callable[[Judged], Iterable[str]]) -> list[Rate]:
    """Where machine and people both said real or fake: how often they differ, by the names that a case goes under."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for case in cases:
        machine = VERDICT_OF_LABEL.get(case.label, "")
        if machine in CLEAR and case.verdict in CLEAR:
            for name in names(case):
                counts[name][0] += 1
                counts[name][1] += machine != case.verdict
    rates = [Rate(name, count, hits, *wilson(hits, count)) for name, (count, hits) in counts.items()]
    return sorted(rates, key=lambda rate: (-rate.count, rate.name))


def by_version(case: Judged) -> Iterable[str]:
    return (case.version or "unknown",)


def by_reason(case: Judged) -> Iterable[str]:
    """A case that was flagged for several reasons counts under each."""
    return (Reason(code).label for code in case.reasons if code)


def verdicts(cases: Iterable[Judged]) -> dict[str, dict[str, int]]:
    """What the machine said → what people said → how often."""
    counts = Counter((case.label, case.verdict) for case in cases)
    return {label: {verdict: counts[label, verdict] for verdict in Verdict.values} for label in VERDICT_OF_LABEL}


def appeals(since: datetime, decided: int) -> Appeals:
    """Appeals since then. A pending one hides its case from the decided ones, so that it is added to them."""
    made = Appeal.objects.filter(created_at__gte=since)
    states = Counter(made.values_list("state", flat=True))
    pending, answered = states[AppealState.PENDING], states.total() - states[AppealState.PENDING]
    return Appeals(decided + pending, states.total(), answered, states[AppealState.OVERTURNED])


def load(since: datetime) -> list[Load]:
    """Per moderator, the busiest first."""
    given = Decision.objects.filter(undone_at=None, decided_at__gte=since, moderator__isnull=False).order_by()
    seconds: dict[str, list[float]] = defaultdict(list)
    second = Counter[str]()
    for name, round_, start, end in given.values_list("moderator__username", "round", "claimed_at", "decided_at"):
        seconds[name].append(max((end - start).total_seconds(), 0.0))
        second[name] += round_ == Round.SECOND
    total = sum(len(times) for times in seconds.values())
    rows = [
        Load(name, len(times), second[name], statistics.median(times), len(times) / total)
        for name, times in seconds.items()
    ]
    return sorted(rows, key=lambda row: (-row.decisions, row.name))
