"""One detection: read, followed, cancelled, run again, deleted."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from detection import media_store
from detection.models import Detection, MediaFile
from detection.services import purge_media
from tests.api.conftest import problem_of
from tests.factories import jpeg_bytes, make_detection


def at(detection: Detection, part: str = "") -> str:
    return f"/api/detections/{detection.id}{part}"


def bytes_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_result_with_the_whole_evidence(program: Client, owner: User) -> None:
    body = program.get(at(make_detection(owner, state="done"))).json()
    assert (body["schema_version"], body["status"], body["position"]) == ("1", "done", None)
    assert body["verdict"] == {
        "label": "FAKE",
        "band": "fake",
        "reason": None,
        "sentence": "Evidence of manipulation.",
        "p_fake": 0.87,
        "p_real": pytest.approx(0.13),
        "confidence": 0.87,
        "model_version": "tiny-1",
    }
    evidence = body["evidence"]
    assert evidence["members"]["vit"] == {"p_fake": 0.85, "weight": 0.4}
    assert evidence["members"]["lstm"] is None
    assert evidence["faces"][0]["box"] == [80.0, 40.0, 200.0, 190.0]
    assert evidence["thresholds"]["strong_fake"] == 0.9
    assert set(evidence) == {"members", "faces", "frames", "thresholds", "stages_ms", "device", "elapsed_ms"}


def test_one_that_goes_on_says_when_to_ask_again(program: Client, owner: User) -> None:
    response = program.get(at(make_detection(owner, state="running")))
    assert (response.status_code, response.json()["stage"]) == (200, "decoding")
    assert int(response["Retry-After"]) >= 1


def test_a_failure_has_its_code(program: Client, owner: User) -> None:
    body = program.get(at(make_detection(owner, state="failed", error_code="no_frames"))).json()
    assert body["error"]["code"] == "no_frames"
    assert body["verdict"] is None


def test_not_applicable_says_why(program: Client, owner: User) -> None:
    fields: dict[str, Any] = {"label": "NOT_APPLICABLE", "band": "not_applicable", "reason": "no_face"}
    verdict = program.get(at(make_detection(owner, state="done", **fields))).json()["verdict"]
    assert (verdict["label"], verdict["reason"]) == ("NOT_APPLICABLE", "no_face")
    assert verdict["sentence"].startswith("No face was found")


def test_deleting_takes_everything(program: Client, owner: User, media_root: Path) -> None:
    detection = make_detection(owner)
    assert program.delete(at(detection)).status_code == 204
    assert not MediaFile.objects.exists()
    assert not media_store.directory(detection.media_id).exists()
    assert problem_of(program.delete(at(detection))) == "not_found"


def test_cancelling(program: Client, owner: User) -> None:
    detection = make_detection(owner)
    assert program.post(at(detection, "/cancel")).json()["status"] == "cancelled"
    response = program.post(at(detection, "/cancel"))
    assert (response.status_code, problem_of(response)) == (409, "already_over")


def test_running_again(program: Client, owner: User) -> None:
    detection = make_detection(owner, state="done")
    response = program.post(at(detection, "/run-again"))
    assert response.status_code == 202
    assert response.json()["id"] != str(detection.id)
    assert response["Location"].endswith(response.json()["id"])


def test_running_again_without_the_file(program: Client, owner: User) -> None:
    detection = make_detection(owner, state="done")
    purge_media(detection.media)
    response = program.post(at(detection, "/run-again"))
    assert (response.status_code, problem_of(response)) == (410, "media_missing")
    assert program.get(at(detection)).json()["media"]["available"] is False


def test_the_file_itself_whole_and_in_part(program: Client, owner: User) -> None:
    detection = make_detection(owner)
    whole = program.get(at(detection, "/media"))
    assert bytes_of(whole) == jpeg_bytes()
    assert "sandbox" in whole["Content-Security-Policy"]
    part = program.get(at(detection, "/media"), headers={"Range": "bytes=0-9"})
    assert (part.status_code, bytes_of(part)) == (206, jpeg_bytes()[:10])
    beyond = program.get(at(detection, "/media"), headers={"Range": "bytes=99999999-"})
    assert (beyond.status_code, problem_of(beyond)) == (416, "range_not_satisfiable")


def test_previews_and_frames(program: Client, owner: User) -> None:
    detection = make_detection(owner)
    assert problem_of(program.get(at(detection, "/preview"))) == "not_found"
    media_store.preview_path(detection.media_id).write_bytes(b"small")
    media_store.frame_path(detection.media_id, 3).write_bytes(b"third")
    assert bytes_of(program.get(at(detection, "/preview"))) == b"small"
    assert bytes_of(program.get(at(detection, "/frames/3"))) == b"third"


def events_of(response: Any) -> list[tuple[str, dict[str, Any]]]:
    """Name and data of each event."""
    text = bytes_of(response).decode()
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("event: ")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_events_until_it_is_over(program: Client, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[dict[str, Any]] = [
        {"state": "running", "stage": "faces"},
        {},
        {"state": "done", "stage": "finished", "label": "FAKE"},
    ]
    monkeypatch.setattr(
        "detection.api.events.time.sleep", lambda seconds: Detection.objects.update(**(steps.pop(0) or {"attempts": 1}))
    )
    response = program.get(at(make_detection(owner), "/events"))
    assert response["Content-Type"] == "text/event-stream"
    told = [(name, data["status"], data["stage"], data["label"]) for name, data in events_of(response)]
    assert told == [
        ("status", "queued", "waiting", None),
        ("status", "running", "faces", None),
        ("over", "done", "finished", "FAKE"),
    ]


def test_events_of_what_is_over_and_of_what_was_deleted(
    program: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [name for name, _ in events_of(program.get(at(make_detection(owner, state="done"), "/events")))] == ["over"]
    monkeypatch.setattr("detection.api.events.time.sleep", lambda seconds: MediaFile.objects.all().delete())
    assert [name for name, _ in events_of(program.get(at(make_detection(owner), "/events")))] == ["status"]


class TestHistory:
    def test_own_rows_newest_first(self, program: Client, owner: User, stranger: User) -> None:
        rows = [make_detection(owner) for _ in range(3)]
        make_detection(stranger)
        body = program.get("/api/history").json()
        assert [one["id"] for one in body["results"]] == [str(row.id) for row in reversed(rows)]
        assert body["next"] is None
        assert "evidence" not in body["results"][0]

    @pytest.mark.parametrize("sort", ["", "when", "-when", "name", "-name", "fake", "-fake", "length", "-length"])
    def test_every_row_once_in_the_site_s_order(
        self, program: Client, owner_client: Client, owner: User, sort: str
    ) -> None:
        for p_fake in (0.2, None, 0.9, None, 0.2, None, 0.5):
            make_detection(owner, p_fake=p_fake)
        query = f"&sort={sort}" if sort else ""
        address, seen = f"/api/history?limit=2{query}", []
        while address:
            page = program.get(address).json()
            seen += [one["id"] for one in page["results"]]
            address = page["next"]
        exported = owner_client.get(reverse("detection:export", args=["json"]) + f"?{query}")
        assert seen == [row["id"] for row in json.loads(bytes_of(exported))]

    def test_pages_stay_while_rows_come(self, program: Client, owner: User) -> None:
        rows = [make_detection(owner) for _ in range(4)]
        first = program.get("/api/history?limit=2").json()
        make_detection(owner)
        second = program.get(first["next"]).json()
        assert [one["id"] for one in second["results"]] == [str(rows[1].id), str(rows[0].id)]

    def test_filters(self, program: Client, owner: User) -> None:
        done = make_detection(owner, state="done")
        make_detection(owner)
        for query in ("status=done", "label=FAKE", "status=done&kind=image", "q=portrait&label=FAKE"):
            assert [one["id"] for one in program.get(f"/api/history?{query}").json()["results"]] == [str(done.id)]
        assert program.get("/api/history?until=2001-01-01").json()["results"] == []

    @pytest.mark.parametrize(
        "query",
        [
            "status=nonsense",
            "since=yesterday",
            "until=9999-12-31",
            "sort=size",
            "limit=0",
            "limit=x",
            "batch=1",
            "batch=",
            "status=",
            "q=%00",
            "limit=²",
        ],
    )
    def test_values_that_make_no_sense(self, program: Client, query: str) -> None:
        response = program.get(f"/api/history?{query}")
        assert (response.status_code, problem_of(response)) == (400, "invalid")
        assert response.json()["errors"][0]["field"] == query.split("=")[0]

    @pytest.mark.parametrize("cursor", ["nonsense", "a:b:c", "WyJ4Il0"])
    def test_cursors_that_are_none(self, program: Client, cursor: str) -> None:
        assert problem_of(program.get(f"/api/history?cursor={cursor}")) == "invalid_cursor"

    def test_a_cursor_of_another_order(self, program: Client, owner: User) -> None:
        for _ in range(2):
            make_detection(owner)
        following = program.get("/api/history?limit=1").json()["next"]
        assert problem_of(program.get(f"{following}&sort=name")) == "invalid_cursor"
