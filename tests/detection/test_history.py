"""The history page: one's own detections, filtered, ordered, in portions."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.factories import make_detection, make_media

URL = "/history/"


def names(client: Client, **query: str) -> list[str]:
    """The names on the page, in its order."""
    response = client.get(URL, query)
    assert response.status_code == 200
    return [detection.media.name for detection in response.context["page"]]


def done(owner: User, name: str, p_fake: float = 0.5, label: str = "FAKE", **media: Any) -> None:
    make_detection(owner, make_media(owner, name=name, **media), state="done", p_fake=p_fake, label=label)


@pytest.fixture
def three(owner: User) -> None:
    """A fake picture, a real video of 12 s and a picture that still waits; made in this order."""
    done(owner, "Anna.jpg", 0.95)
    done(owner, "berta.mp4", 0.05, "REAL", kind="video", format="mp4", duration=12.0)
    make_detection(owner, make_media(owner, name="carl.png", sha256="c0ffee" + "0" * 58))


def test_newest_first(owner_client: Client, three: None) -> None:
    assert names(owner_client) == ["carl.png", "berta.mp4", "Anna.jpg"]


def test_row_tells_verdict_band_and_time(owner_client: Client, owner: User) -> None:
    make_detection(owner, state="done", label="FAKE", band="strong_fake", p_fake=0.97)
    page = owner_client.get(URL).content.decode()
    for part in ("FAKE", "Strong evidence", "97 %", "Picture", "<time datetime=", "just now"):
        assert part in page


def test_anonymous_is_sent_to_sign_in(db: None, anonymous_client: Client) -> None:
    assert anonymous_client.get(URL).headers["Location"] == "/accounts/login/?next=/history/"


def test_stranger_sees_nothing(stranger_client: Client, three: None) -> None:
    assert names(stranger_client) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"label": "FAKE"}, ["Anna.jpg"]),
        ({"label": "REAL"}, ["berta.mp4"]),
        ({"state": "queued"}, ["carl.png"]),
        ({"kind": "video"}, ["berta.mp4"]),
        ({"q": "ANNA"}, ["Anna.jpg"]),
        ({"q": "c0ffee"}, ["carl.png"]),
        ({"q": "C0FFEE"}, ["carl.png"]),
        ({"q": "100%"}, []),
        ({"label": "FAKE", "kind": "video"}, []),
    ],
)
def test_filters(owner_client: Client, three: None, query: dict[str, str], expected: list[str]) -> None:
    assert names(owner_client, **query) == expected


def test_dates_include_both_ends(owner_client: Client, owner: User) -> None:
    today = timezone.localdate()
    make_detection(owner, make_media(owner, name="today"))
    make_detection(owner, make_media(owner, name="yesterday"), created_at=timezone.now() - timedelta(days=1))
    yesterday = str(today - timedelta(days=1))
    assert names(owner_client, since=str(today)) == ["today"]
    assert names(owner_client, until=yesterday) == ["yesterday"]
    assert names(owner_client, since=yesterday, until=str(today)) == ["today", "yesterday"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("when", ["Anna.jpg", "berta.mp4", "carl.png"]),
        ("name", ["Anna.jpg", "berta.mp4", "carl.png"]),
        ("-name", ["carl.png", "berta.mp4", "Anna.jpg"]),
        ("fake", ["berta.mp4", "Anna.jpg", "carl.png"]),
        ("-fake", ["Anna.jpg", "berta.mp4", "carl.png"]),
        ("length", ["berta.mp4", "carl.png", "Anna.jpg"]),
        ("-length", ["berta.mp4", "carl.png", "Anna.jpg"]),
    ],
)
def test_order_with_the_missing_last(owner_client: Client, three: None, sort: str, expected: list[str]) -> None:
    assert names(owner_client, sort=sort) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"label": "MAYBE"},
        {"state": "'; DROP TABLE"},
        {"kind": "\x00"},
        {"q": "\x00"},
        {"q": "x" * 5000},
        {"since": "yesterday"},
        {"since": "0001-01-01"},
        {"until": "9999-12-31"},
        {"until": "2026-02-30"},
        {"sort": "owner__password"},
        {"page": "-3"},
        {"page": "99999999999999999999"},
        {"page": "one"},
    ],
)
def test_senseless_values_are_left_aside(owner_client: Client, three: None, query: dict[str, str]) -> None:
    assert len(names(owner_client, **query)) == 3


def test_bad_date_is_pointed_out(owner_client: Client, three: None) -> None:
    response = owner_client.get(URL, {"since": "31.3."})
    assert "Write the date like 2026-03-31." in response.content.decode()


def test_pages_keep_the_filters(owner_client: Client, owner: User) -> None:
    media = make_media(owner)
    for _ in range(30):
        make_detection(owner, media)
    first = owner_client.get(URL, {"state": "queued"})
    assert len(first.context["page"]) == 25
    assert "?state=queued&amp;page=2" in first.content.decode()
    assert len(owner_client.get(URL, {"state": "queued", "page": "2"}).context["page"]) == 5


def test_head_of_a_column_turns_its_order_round(owner_client: Client, three: None) -> None:
    page = owner_client.get(URL, {"sort": "-fake", "q": "a"}).content.decode()
    assert 'aria-sort="descending"><a class="sort" href="?sort=fake&amp;q=a"' in page


def test_empty_states_differ(owner_client: Client, owner: User) -> None:
    assert "Nothing here yet" in owner_client.get(URL).content.decode()
    make_detection(owner)
    page = owner_client.get(URL, {"label": "REAL"}).content.decode()
    assert "Nothing matches" in page
    assert "Clear filters" in page


def test_blur_is_remembered_and_comes_back_to_the_same_filters(owner_client: Client, owner: User) -> None:
    make_detection(owner, state="done")
    address = f"{URL}?{urlencode({'label': 'FAKE'})}"
    assert "history-preview--blurred" not in owner_client.get(address).content.decode()
    assert owner_client.post(address, {"blur": "on"}).headers["Location"] == address
    assert "history-preview--blurred" in owner_client.get(URL).content.decode()
    owner_client.post(URL, {"blur": "off"})
    assert "history-preview--blurred" not in owner_client.get(URL).content.decode()


def test_names_are_escaped(owner_client: Client, owner: User) -> None:
    make_detection(owner, make_media(owner, name="<script>alert(1)</script>.jpg"))
    assert "<script>alert" not in owner_client.get(URL).content.decode()


def test_queries_do_not_grow(
    owner_client: Client, owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        make_detection(owner, state="done")
    with django_assert_num_queries(8):  # session, user, count, page, feedback; the header: two for rights, one for news
        owner_client.get(URL)
