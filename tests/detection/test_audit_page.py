"""The audit trail as leads see it, and nobody else."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from detection import audit, services
from detection.audit_trail import PORTION

PAGE = "/audit/"
EXPORTS = ("/audit/export.csv", "/audit/export.jsonl")

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead_client(lead: User) -> Client:
    client = Client()
    client.force_login(lead)
    return client


def text(response: Any) -> str:
    assert response.status_code == 200
    return b"".join(response).decode()


def test_it_works(lead_client: Client, owner: User) -> None:
    audit.record(owner, "tested", owner, before={"colour": "red"}, after={"colour": "blue"})
    page = text(lead_client.get(PAGE))
    for words in ("tested", "owner", "auth.user", "red", "blue"):
        assert words in page


@pytest.mark.parametrize("who", ["owner", "stranger", "moderator"])
def test_for_others_there_is_no_such_page(request: pytest.FixtureRequest, who: str) -> None:
    client = Client()
    client.force_login(request.getfixturevalue(who))
    assert [client.get(address).status_code for address in (PAGE, *EXPORTS)] == [404, 404, 404]
    assert "Audit trail" not in client.get(reverse("home")).content.decode()


def test_leads_find_it_in_the_menu(lead_client: Client) -> None:
    assert "Audit trail" in lead_client.get(reverse("home")).content.decode()


def test_anonymous_visitors_sign_in(anonymous_client: Client) -> None:
    assert [anonymous_client.get(address).status_code for address in (PAGE, *EXPORTS)] == [302, 302, 302]


def test_it_is_only_read(lead_client: Client) -> None:
    assert [lead_client.post(address).status_code for address in (PAGE, *EXPORTS)] == [405, 405, 405]


def test_an_empty_trail_says_so(lead_client: Client) -> None:
    assert "Nothing has happened yet" in text(lead_client.get(PAGE))
    assert "Nothing matches" in text(lead_client.get(PAGE, {"verb": "unheard"}))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"who": "owner"}, {"bought"}),
        ({"verb": "sold"}, {"sold"}),
        ({"what": "auth.user"}, {"bought", "sold"}),
        ({"since": "2020-01-01", "until": "2020-12-31"}, set()),
        ({"since": "nonsense"}, {"bought", "sold"}),
    ],
)
def test_filters(lead_client: Client, owner: User, stranger: User, query: dict[str, str], expected: set[str]) -> None:
    audit.record(owner, "bought", stranger)
    audit.record(stranger, "sold", owner)
    exported = text(lead_client.get(EXPORTS[1], query)).splitlines()
    assert {json.loads(line)["verb"] for line in exported} == expected


def test_older_events_are_one_click_away(lead_client: Client, owner: User) -> None:
    for number in range(PORTION + 3):
        audit.record(owner, f"number-{number:03d}", owner)
    first = text(lead_client.get(PAGE, {"who": "owner"}))
    assert f"number-{PORTION + 2:03d}" in first
    assert "number-002" not in first
    address = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = text(lead_client.get(PAGE + address))
    assert "number-002" in second
    assert "Older events" not in second


def test_the_actor_may_be_gone(lead_client: Client, owner: User) -> None:
    services.delete_account(owner)
    assert "account_deleted" in text(lead_client.get(PAGE))


def test_what_people_typed_is_text(lead_client: Client, owner: User) -> None:
    owner.username = "<script>alert(1)</script>"
    audit.record(owner, "tested", owner, word="<script>alert(2)</script>")
    assert "<script>alert" not in text(lead_client.get(PAGE))
