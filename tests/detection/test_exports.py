"""The history as CSV and JSON."""

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.test import Client

from detection.exports import defused
from tests.factories import make_detection, make_media


def fetched(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    assert isinstance(response, StreamingHttpResponse)
    return response.getvalue().decode()


def rows(client: Client, query: str = "") -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(fetched(client, f"/history/export.csv{query}"))))


def test_csv_has_the_verdict_and_the_members(owner_client: Client, owner: User) -> None:
    detection = make_detection(owner, state="done")
    (row,) = rows(owner_client)
    assert row["id"] == str(detection.id)
    assert (row["label"], row["band"], float(row["p_fake"])) == ("FAKE", "fake", 0.87)
    assert (row["resnext_p_fake"], row["resnext_weight"], row["lstm_p_fake"]) == ("0.9", "0.4", "")


def test_json_has_the_same(owner_client: Client, owner: User) -> None:
    detection = make_detection(owner, state="done")
    waiting = make_detection(owner)
    answer = json.loads(fetched(owner_client, "/history/export.json"))
    assert [one["id"] for one in answer] == [str(waiting.id), str(detection.id)]
    assert answer[1]["members"]["vit"] == {"p_fake": 0.85, "weight": 0.4}
    assert answer[0]["label"] is None


def test_nothing_is_an_empty_list(owner_client: Client) -> None:
    assert json.loads(fetched(owner_client, "/history/export.json")) == []
    assert rows(owner_client) == []


def test_filters_apply(owner_client: Client, owner: User) -> None:
    make_detection(owner, state="done")
    make_detection(owner, make_media(owner, name="other.png"))
    assert [row["name"] for row in rows(owner_client, "?state=queued&label=nonsense")] == ["other.png"]


def test_is_a_download_with_a_date(owner_client: Client) -> None:
    response = owner_client.get("/history/export.csv")
    assert response.headers["Content-Disposition"].startswith('attachment; filename="detections-20')


def test_only_ones_own(stranger_client: Client, owner: User) -> None:
    make_detection(owner, state="done")
    assert rows(stranger_client) == []


def test_anonymous_is_sent_to_sign_in(db: None, anonymous_client: Client) -> None:
    assert anonymous_client.get("/history/export.csv").headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(("method", "address"), [("post", "export.csv"), ("get", "export.xlsx")])
def test_nothing_else(owner_client: Client, method: str, address: str) -> None:
    assert getattr(owner_client, method)(f"/history/{address}").status_code in {404, 405}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_formulas_are_defused(owner_client: Client, owner: User, name: str) -> None:
    make_detection(owner, make_media(owner, name=name))
    (row,) = rows(owner_client)
    assert row["name"] == f"'{name}"


@pytest.mark.parametrize("value", [-0.5, None, 3, "a=b", ""])
def test_other_values_stay(value: object) -> None:
    assert defused(value) == value
