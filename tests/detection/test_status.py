"""What a waiting page asks for."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from detection.models import Detection
from detection.selectors import typical_ms
from tests.factories import make_detection


def status(client: Client, detection: Detection) -> dict[str, Any]:
    response = client.get(reverse("detection:status", args=[detection.id]))
    assert response.status_code == 200
    assert "no-cache" in response["Cache-Control"]
    answer: dict[str, Any] = response.json()
    return answer


def test_it_works(owner_client: Client, owner: User) -> None:
    detection = make_detection(owner)
    answer = status(owner_client, detection)
    assert (answer["state"], answer["stage"], answer["position"], answer["error"]) == ("queued", "waiting", 1, None)
    assert answer["url"] == reverse("detection:result", args=[detection.id])


def test_the_place_counts_everybody_before(owner_client: Client, owner: User, stranger: User) -> None:
    now = timezone.now()
    for minutes in (3, 2):
        make_detection(stranger, created_at=now - timedelta(minutes=minutes))
    make_detection(stranger, created_at=now - timedelta(minutes=4), state="running")
    mine = make_detection(owner, created_at=now - timedelta(minutes=1))
    make_detection(stranger, created_at=now)
    answer = status(owner_client, mine)
    assert answer["position"] == 3
    assert answer["sentence"] == "Waiting at place 3 in the queue."


@pytest.mark.parametrize(
    ("stage", "shown", "sentence"),
    [
        ("waiting", "decoding", "Reading the file."),
        ("decoding", "decoding", "Reading the file."),
        ("faces", "faces", "Looking for faces."),
        ("models", "models", "Asking the models."),
    ],
)
def test_stages_in_words(owner_client: Client, owner: User, stage: str, shown: str, sentence: str) -> None:
    detection = make_detection(owner, state="running", stage=stage, started_at=timezone.now())
    answer = status(owner_client, detection)
    assert (answer["stage"], answer["sentence"], answer["position"]) == (shown, sentence, None)


def test_failed_carries_the_sentence(owner_client: Client, owner: User) -> None:
    answer = status(owner_client, make_detection(owner, state="failed", stage="finished", error_code="no_frames"))
    assert answer["error"]["code"] == "no_frames"
    assert "readable picture" in answer["error"]["sentence"]


def test_done(owner_client: Client, owner: User) -> None:
    answer = status(owner_client, make_detection(owner, state="done"))
    assert (answer["state"], answer["sentence"], answer["expectation"]) == ("done", "Done: FAKE.", "")


def test_how_long_is_the_median_of_the_last_runs(owner_client: Client, owner: User) -> None:
    detection = make_detection(owner)
    assert typical_ms("image") is None
    assert status(owner_client, detection)["expectation"] == ""
    for milliseconds in (3000.0, 9000.0, 4000.0):
        make_detection(owner, state="done", elapsed_ms=milliseconds, finished_at=timezone.now())
    assert typical_ms("image") == 4000.0
    assert typical_ms("video") is None
    assert status(owner_client, detection)["expectation"] == "Usually takes about 4 s."


def test_a_slow_run_is_called_slow(owner_client: Client, owner: User) -> None:
    make_detection(owner, state="done", elapsed_ms=1000.0, finished_at=timezone.now())
    started = timezone.now() - timedelta(seconds=30)
    detection = make_detection(owner, state="running", stage="models", started_at=started)
    assert status(owner_client, detection)["expectation"] == "This takes longer than usual."
