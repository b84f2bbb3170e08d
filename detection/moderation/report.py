"""The statistics page's content, put together once for the page and for its file."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from django.utils import timezone

from detection.columns import Columns, columns
from detection.exports import Echo, defused
from detection.moderation import figures
from detection.moderation.agreement import Agreement, GoldScore, by_pair, gold_scores, overall

PERIODS = {7: "7 days", 30: "30 days", 90: "90 days", 365: "a year"}
DEFAULT_DAYS = 30
Cell = str | int | float | None


@dataclass(frozen=True)
class Report:
    """Moderation over the last `days` days, today included."""

    days: int

    @cached_property
    def since(self) -> datetime:
        start = timezone.localdate() - timedelta(days=self.days - 1)
        return timezone.make_aware(datetime.combine(start, datetime.min.time()))

    @cached_property
    def cases(self) -> list[figures.Judged]:
        return figures.judged(self.since)

    @cached_property
    def waiting(self) -> tuple[int, datetime | None]:
        return figures.waiting()

    @cached_property
    def volume(self) -> list[figures.Slot]:
        return figures.volume(self.since, self.cases)

    @cached_property
    def opened(self) -> int:
        return sum(slot.opened for slot in self.volume)

    @property
    def decided(self) -> int:
        return len(self.cases)

    @cached_property
    def waits(self) -> list[tuple[str, int]]:
        return figures.waits(self.cases)

    @cached_property
    def median(self) -> float | None:
        return figures.median([case.waited for case in self.cases])

    @cached_property
    def p90(self) -> float | None:
        return figures.percentile([case.waited for case in self.cases], 0.9)

    @cached_property
    def overall(self) -> list[figures.Rate]:
        return figures.overturned(self.cases, lambda _: ("all",))

    @cached_property
    def by_version(self) -> list[figures.Rate]:
        return figures.overturned(self.cases, figures.by_version)

    @cached_property
    def by_reason(self) -> list[figures.Rate]:
        return figures.overturned(self.cases, figures.by_reason)

    @cached_property
    def verdicts(self) -> dict[str, dict[str, int]]:
        return figures.verdicts(self.cases)

    @cached_property
    def appeals(self) -> figures.Appeals:
        return figures.appeals(self.since, self.decided)

    @cached_property
    def load(self) -> list[figures.Load]:
        return figures.load(self.since)

    @cached_property
    def agreement(self) -> Agreement:
        return overall(self.since)

    @cached_property
    def pairs(self) -> list[Agreement]:
        return by_pair(self.since)

    @cached_property
    def gold(self) -> list[GoldScore]:
        return gold_scores(self.since)

    @cached_property
    def is_empty(self) -> bool:
        return not (self.opened or self.decided or self.load)

    @cached_property
    def weekly(self) -> bool:
        return len(self.volume) > 1 and self.volume[1].day - self.volume[0].day > timedelta(days=1)

    @cached_property
    def volume_chart(self) -> Columns:
        return columns(
            [(_day(slot.day), (slot.opened, slot.decided)) for slot in self.volume], ("began to wait", "decided")
        )

    @cached_property
    def waits_chart(self) -> Columns:
        return columns([(words, (count,)) for words, count in self.waits], ("cases",))

    def rows(self) -> Iterator[tuple[str, str, str, Cell]]:
        """Everything as (table, row, measure, value), unrounded."""
        yield from (("summary", "all", name, value) for name, value in self._summary())
        for slot in self.volume:
            yield "volume", slot.day.isoformat(), "began to wait", slot.opened
            yield "volume", slot.day.isoformat(), "decided", slot.decided
        yield from (("time to decision", words, "cases", count) for words, count in self.waits)
        for table, rates in (("overturned by version", self.by_version), ("overturned by reason", self.by_reason)):
            yield from _rate_rows(table, rates)
        for label, counts in self.verdicts.items():
            yield from (("machine and people", label, verdict, count) for verdict, count in counts.items())
        for one in self.load:
            yield "load", one.name, "decisions", one.decisions
            yield "load", one.name, "second opinions", one.second
            yield "load", one.name, "median seconds from claim to decision", one.median
        for pair in (self.agreement, *self.pairs):
            yield "agreement", " and ".join(pair.names), "cases", pair.count
            yield "agreement", " and ".join(pair.names), "same verdict", pair.observed if pair.count else None
            yield "agreement", " and ".join(pair.names), "Cohen's kappa", pair.kappa
        for score in self.gold:
            yield "known cases", score.name, "cases", score.count
            yield "known cases", score.name, "accuracy", score.accuracy

    def _summary(self) -> list[tuple[str, Cell]]:
        return [
            ("days", self.days),
            ("waiting now", self.waiting[0]),
            ("began to wait", self.opened),
            ("decided", self.decided),
            ("median seconds to decision", self.median),
            ("90th percentile of seconds to decision", self.p90),
            ("appeals", self.appeals.appealed),
            ("appeal rate", self.appeals.rate),
            ("appeals answered", self.appeals.answered),
            ("appeals overturned", self.appeals.overturned),
        ]


def _rate_rows(table: str, rates: list[figures.Rate]) -> Iterator[tuple[str, str, str, Cell]]:
    for rate in rates:
        yield table, rate.name, "cases", rate.count
        yield table, rate.name, "overturned", rate.hits
        yield table, rate.name, "share", rate.share
        yield table, rate.name, "95 % low", rate.low
        yield table, rate.name, "95 % high", rate.high


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def csv_lines(report: Report) -> Iterator[str]:
    """A head line, then one line for each number."""
    writer = csv.writer(Echo())
    yield writer.writerow(("table", "row", "measure", "value"))
    for row in report.rows():
        yield writer.writerow([defused(cell) for cell in row])
