"""The statistics page: its numbers on cases that were counted by hand, and who may see it."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from detection.columns import columns
from detection.moderation import figures, services
from detection.moderation.models import Decision, ModerationCase
from detection.moderation.report import Report, csv_lines
from tests.factories import make_user
from tests.moderation.cases import decide, make_case

PAGE, FILE = "/moderation/statistics/", "/moderation/statistics/export.csv"
HOUR = 3600.0
pytestmark = pytest.mark.django_db


@pytest.fixture
def as_user(request: pytest.FixtureRequest) -> Callable[[str], Client]:
    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(request.getfixturevalue(name))
        return client

    return sign_in


def judged(owner: User, moderator: User, verdict: str, hours: float = 1.0, **fields: Any) -> ModerationCase:
    """A case that waited so many hours and was decided now, ten minutes after its claim."""
    case = make_case(owner, **fields)
    decision = decide(case, moderator, verdict)
    decided = timezone.now()
    ModerationCase.objects.filter(pk=case.pk).update(decided_at=decided, opened_at=decided - timedelta(hours=hours))
    claimed = decided - timedelta(minutes=10)
    Decision.objects.filter(pk=decision.pk).update(decided_at=decided, claimed_at=claimed)
    return case


@pytest.fixture
def some_cases(owner: User, moderator: User, colleague: User) -> list[ModerationCase]:
    """Four FAKE ones, of which people found two real, one INCONCLUSIVE one, found fake; from two versions."""
    old, new = {"model_version": "v1"}, {"model_version": "v2"}
    return [
        judged(owner, moderator, "fake", 1, label="FAKE", p_fake=0.8, **old),
        judged(owner, moderator, "real", 2, label="FAKE", p_fake=0.8, **old),
        judged(owner, moderator, "real", 3, label="FAKE", p_fake=0.8, **new),
        judged(owner, colleague, "fake", 4, label="FAKE", p_fake=0.8, **new),
        judged(owner, colleague, "fake", 50, label="INCONCLUSIVE", **new),
    ]


def test_numbers(some_cases: list[ModerationCase]) -> None:
    report = Report(30)
    assert (report.decided, report.waiting[0]) == (5, 0)
    assert report.median == pytest.approx(3 * HOUR, abs=1)
    assert report.p90 == pytest.approx(50 * HOUR, abs=1)
    assert [(rate.name, rate.hits, rate.count) for rate in report.by_version] == [("v1", 1, 2), ("v2", 1, 2)]
    assert report.verdicts["FAKE"] == {"real": 2, "fake": 2, "cannot_tell": 0, "out_of_scope": 0}
    assert report.verdicts["INCONCLUSIVE"]["fake"] == 1
    assert [(row.name, row.decisions) for row in report.load] == [("moderator", 3), ("colleague", 2)]
    assert [row.median for row in report.load] == pytest.approx([600, 600], abs=1)
    assert dict(report.waits) == {**dict.fromkeys(dict(report.waits), 0), "1 h": 1, "4 h": 3, "3 d": 1}


def test_volume_is_by_day(some_cases: list[ModerationCase], owner: User) -> None:
    make_case(owner)
    slots = Report(7).volume
    assert len(slots) == 7
    assert (slots[-1].day, slots[-1].decided) == (timezone.localdate(), 5)
    assert sum(slot.opened for slot in slots) == 6


def test_a_year_is_by_week(some_cases: list[ModerationCase]) -> None:
    report = Report(365)
    assert report.weekly
    assert len(report.volume) == 53
    assert sum(slot.decided for slot in report.volume) == 5


def test_what_is_older_does_not_count(some_cases: list[ModerationCase]) -> None:
    long_ago = timezone.now() - timedelta(days=9)
    ModerationCase.objects.update(decided_at=long_ago, opened_at=long_ago)
    Decision.objects.update(decided_at=long_ago)
    assert Report(7).is_empty
    assert Report(30).decided == 5


def test_by_reason_counts_a_case_under_each(owner: User, moderator: User) -> None:
    case = judged(owner, moderator, "real", label="FAKE", p_fake=0.8)
    ModerationCase.objects.filter(pk=case.pk).update(reasons="disputed,members")
    rates = {rate.name: (rate.hits, rate.count) for rate in Report(30).by_reason}
    assert rates == {"The owner disputes it": (1, 1), "The models disagree": (1, 1)}


def test_known_cases_are_no_statistics_of_the_machine(some_cases: list[ModerationCase]) -> None:
    ModerationCase.objects.filter(pk=some_cases[1].pk).update(is_gold=True, gold_label="real")
    report = Report(30)
    assert report.decided == 4
    assert sum(row.decisions for row in report.load) == 5
    assert [(score.name, score.right, score.count) for score in report.gold] == [("moderator", 1, 1)]


def test_appeals(some_cases: list[ModerationCase], owner: User, colleague: User, settings: Any) -> None:
    settings.DEEPFAKE_UNDO_SECONDS = 0
    for case in some_cases[:2]:
        services.appeal(case.pk, owner, "Look again.")
    some_cases[0].refresh_from_db()
    decide(some_cases[0], colleague, "real", answer="We were wrong.")
    found = Report(30).appeals
    assert (found.decided, found.appealed, found.answered, found.overturned) == (5, 2, 1, 1)
    assert (found.rate, found.overturn_rate) == (0.4, 1.0)


def test_percentile_is_a_value_that_occurred() -> None:
    assert figures.percentile([float(n) for n in range(1, 11)], 0.9) == 9.0
    assert figures.percentile([5.0], 0.9) == 5.0
    assert figures.percentile([], 0.9) is None


def test_columns_fit_their_chart() -> None:
    chart = columns([("a", (0, 3)), ("b", (15, 7))], ("one", "two"))
    assert [tick for _, tick in chart.ticks] == [20, 10]
    highest = max(chart.columns, key=lambda column: column.height)
    assert (highest.words, highest.y + highest.height) == ("b: 15 one", chart.height)
    assert all(column.x >= 0 and column.x + column.width <= 100 for column in chart.columns)


def test_the_file_has_every_number(some_cases: list[ModerationCase]) -> None:
    rows = list(csv.DictReader(io.StringIO("".join(csv_lines(Report(30))))))
    values = {(row["table"], row["row"], row["measure"]): row["value"] for row in rows}
    assert values["summary", "all", "decided"] == "5"
    assert values["overturned by version", "v1", "share"] == "0.5"
    assert values["machine and people", "INCONCLUSIVE", "fake"] == "1"
    assert values["load", "colleague", "decisions"] == "2"
    assert values["time to decision", "3 d", "cases"] == "1"


def test_the_page_shows_plots_with_tables(some_cases: list[ModerationCase], as_user: Callable[[str], Client]) -> None:
    page = as_user("lead").get(PAGE).content.decode()
    assert page.count('<svg class="columns__plot"') == 2
    assert page.count("The same as a table") == 2
    for words in ("Time to decision, median", "3.0 h", "v1", "colleague", "1 of 2"):
        assert words in page
    assert " style=" not in page


@pytest.mark.parametrize("query", ["?days=7", "?days=1000000", "?days=x", "?days=²"])
def test_any_period_gives_a_page(
    some_cases: list[ModerationCase], as_user: Callable[[str], Client], query: str
) -> None:
    assert as_user("lead").get(PAGE + query).status_code == 200


def test_without_cases_it_says_so(as_user: Callable[[str], Client]) -> None:
    assert "No case in this period" in as_user("lead").get(PAGE).content.decode()


@pytest.mark.parametrize("who", ["owner", "stranger", "moderator"])
def test_for_others_there_is_no_such_page(as_user: Callable[[str], Client], who: str) -> None:
    client = as_user(who)
    assert [client.get(address).status_code for address in (PAGE, FILE)] == [404, 404]
    assert PAGE not in client.get("/").content.decode()


@pytest.mark.parametrize("who", ["lead", "admin"])
def test_leads_get_page_and_file(as_user: Callable[[str], Client], who: str) -> None:
    client = as_user(who)
    assert client.get(PAGE).status_code == 200
    assert b"".join(client.get(FILE)).startswith(b"table,row,measure,value")
    assert PAGE in client.get("/").content.decode()


def test_anonymous_visitors_sign_in(anonymous_client: Client) -> None:
    assert [anonymous_client.get(address).status_code for address in (PAGE, FILE)] == [302, 302]


def test_the_admin_leads_there(as_user: Callable[[str], Client]) -> None:
    assert PAGE in as_user("admin").get("/admin/").content.decode()


def test_the_admin_of_others_does_not(roles: None) -> None:
    client = Client()
    client.force_login(make_user("porter", is_staff=True))
    assert PAGE not in client.get("/admin/").content.decode()


def test_queries_do_not_grow(some_cases: list[ModerationCase], django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(12):
        list(Report(30).rows())
