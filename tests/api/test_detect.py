"""Files come in: accepted as jobs, refused by name, and never made twice."""

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from detection.api.models import IdempotencyRecord, UserQuota
from detection.models import Detection, MediaFile
from ml_core.versions import champion
from tests.api.conftest import problem_of
from tests.factories import jpeg_bytes, make_detection, make_media, token_client

IMAGE, VIDEO, BATCH = "/api/detect/image", "/api/detect/video", "/api/detect/batch"


def picture(name: str = "portrait.jpg", content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, jpeg_bytes() if content is None else content)


def send(client: Client, path: str = IMAGE, content: bytes | None = None, key: str = "", **fields: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(path, {"file": picture(content=content), **fields}, headers=headers)


def send_batch(client: Client, files: Iterable[SimpleUploadedFile], key: str = "", **fields: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(BATCH, {"files": list(files), **fields}, headers=headers)


def test_it_works(program: Client, owner: User, media_root: Path) -> None:
    response = send(program)
    detection = Detection.objects.get()
    body = response.json()
    assert response.status_code == 202
    assert (body["id"], body["status"], body["position"]) == (str(detection.id), "queued", 1)
    assert body["media"]["name"] == "portrait.jpg"
    assert (body["verdict"], body["evidence"], body["error"]) == (None, None, None)
    assert response["Location"] == body["links"]["self"] == f"http://testserver/api/detections/{detection.id}"
    assert int(response["Retry-After"]) >= 1
    assert (detection.owner, detection.media.may_train) == (owner, False)
    assert not list((media_root / ".staging").iterdir())


def test_consent_is_asked_for(program: Client) -> None:
    send(program, may_train="true")
    assert MediaFile.objects.get().may_train


def test_a_result_that_is_there_in_time(program: Client, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def finish(seconds: float) -> None:
        Detection.objects.update(state="done", label="REAL", band="real", p_fake=0.2, confidence=0.8)

    monkeypatch.setattr("detection.api.waiting.time.sleep", finish)
    response = program.post(IMAGE, {"file": picture()}, headers={"Prefer": "wait=20"})
    assert (response.status_code, response["Preference-Applied"]) == (200, "wait=20")
    assert response.json()["verdict"]["label"] == "REAL"
    assert "Retry-After" not in response


def test_a_result_that_is_not(program: Client) -> None:
    response = program.post(IMAGE, {"file": picture()}, headers={"Prefer": "wait=0"})
    assert (response.status_code, response.json()["status"]) == (202, "queued")


def test_the_kind_must_fit(program: Client, media_root: Path) -> None:
    response = send(program, VIDEO)
    assert (response.status_code, problem_of(response)) == (415, "wrong_kind")
    assert not [path for path in media_root.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("content", "code", "status"),
    [
        (b"", "empty", 400),
        (b"just some words, no picture", "unsupported_type", 415),
        (jpeg_bytes(100, 100), "too_small", 422),
        (jpeg_bytes(400, 400)[:600], "undecodable", 422),
    ],
)
def test_a_refusal_has_the_site_s_name(program: Client, content: bytes, code: str, status: int) -> None:
    response = send(program, content=content)
    assert (response.status_code, problem_of(response)) == (status, code)
    assert not Detection.objects.exists()


def test_too_large(program: Client, settings: Settings) -> None:
    settings.DEEPFAKE_MAX_UPLOAD_BYTES = 20_000
    response = send(program, content=bytes(20_001))
    assert (response.status_code, problem_of(response)) == (413, "too_large")


def test_no_file(program: Client) -> None:
    response = program.post(IMAGE, {"may_train": "true"})
    assert (response.status_code, problem_of(response)) == (400, "invalid")
    assert [error["field"] for error in response.json()["errors"]] == ["file"]


def test_a_batch(program: Client) -> None:
    response = send_batch(program, [picture("a.jpg"), picture("b.txt", b"words"), picture("c.jpg", jpeg_bytes(300))])
    body = response.json()
    assert response.status_code == 202
    assert [(one["name"], one["detection"] is None) for one in body["files"]] == [
        ("a.jpg", False),
        ("b.txt", True),
        ("c.jpg", False),
    ]
    assert body["files"][1]["problem"]["code"] == "unsupported_type"
    assert {str(row.batch) for row in Detection.objects.all()} == {body["batch"]}


def test_a_batch_of_nothing_good(program: Client) -> None:
    response = send_batch(program, [picture("b.txt", b"words")])
    assert (response.status_code, problem_of(response)) == (422, "none_accepted")
    assert response.json()["files"][0]["problem"]["code"] == "unsupported_type"


def test_a_batch_of_too_many(program: Client) -> None:
    response = send_batch(program, [picture(f"{at}.jpg", b"x") for at in range(51)])
    assert (response.status_code, problem_of(response)) == (413, "too_many_files")


class TestTheSameFile:
    def test_returns_what_there_is(self, program: Client, owner: User) -> None:
        first = send(program).json()["id"]
        again = send(program)
        assert (again.status_code, again.json()["id"], again["Idempotent-Replayed"]) == (202, first, "true")
        version = champion(site_settings.DEEPFAKE_MODELS)
        done = make_detection(owner, make_media(owner, jpeg_bytes(400)), state="done", model_version=version)
        known = send(program, content=jpeg_bytes(400))
        assert (known.status_code, known.json()["id"]) == (200, str(done.id))

    def test_unless_told_otherwise(self, program: Client) -> None:
        ids = {send(program).json()["id"], send(program, force="true").json()["id"]}
        assert len(ids) == 2

    def test_unless_another_version_judged_it(self, program: Client, owner: User) -> None:
        old = make_detection(owner, make_media(owner), state="done", model_version="older")
        assert send(program).json()["id"] != str(old.id)

    def test_of_somebody_else_is_another(self, program: Client, stranger: User) -> None:
        foreign = send(token_client(stranger)).json()["id"]
        assert send(program).json()["id"] != foreign


class TestIdempotency:
    def test_one_row_for_one_key(self, program: Client) -> None:
        answers = [send(program, key="once", force="true") for _ in range(3)]
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert [answer.get("Idempotent-Replayed") for answer in answers] == [None, "true", "true"]
        assert (Detection.objects.count(), MediaFile.objects.count()) == (1, 1)

    @pytest.mark.parametrize("change", [{"content": jpeg_bytes(300)}, {"may_train": "true"}, {"path": BATCH}])
    def test_another_body_is_refused(self, program: Client, change: dict[str, Any]) -> None:
        send(program, key="once")
        other = (
            send_batch(program, [picture()], key="once")
            if change.pop("path", "")
            else send(program, key="once", **change)
        )
        assert (other.status_code, problem_of(other)) == (422, "key_reused")

    def test_keys_of_two_people_do_not_meet(self, program: Client, stranger: User) -> None:
        send(program, key="once")
        assert send(token_client(stranger), key="once").status_code == 202
        assert Detection.objects.count() == 2

    def test_a_refusal_is_repeated_too(self, program: Client) -> None:
        codes = {problem_of(send(program, content=b"words", key="once")) for _ in range(2)}
        assert codes == {"unsupported_type"}

    def test_a_crash_before_the_answer_makes_no_second_row(self, program: Client) -> None:
        send(program, key="once", force="true")
        IdempotencyRecord.objects.update(outcomes=None)
        assert send(program, key="once", force="true").status_code == 202
        assert (Detection.objects.count(), MediaFile.objects.count()) == (1, 1)

    def test_what_was_deleted_does_not_come_back(self, program: Client) -> None:
        program.delete(f"/api/detections/{send(program, key='once').json()['id']}")
        response = send(program, key="once")
        assert (response.status_code, problem_of(response)) == (410, "deleted")
        assert not Detection.objects.exists()

    def test_a_batch_is_one_request(self, program: Client) -> None:
        files = [("a.jpg", jpeg_bytes()), ("b.jpg", jpeg_bytes(300))]
        answers = [send_batch(program, [picture(*file) for file in files], key="once").json() for _ in range(2)]
        assert answers[0]["batch"] == answers[1]["batch"]
        made = [[one["detection"]["id"] for one in answer["files"]] for answer in answers]
        assert made[0] == made[1]
        assert Detection.objects.count() == 2

    def test_a_key_that_is_none(self, program: Client) -> None:
        for key in ("x" * 256, "two words", "ключ"):
            assert problem_of(send(program, key=key)) == "invalid"


class TestQuotas:
    @pytest.mark.parametrize("name", ["bytes_stored", "uploads_per_hour", "queued_jobs"])
    def test_each_of_them(self, program: Client, owner: User, name: str) -> None:
        UserQuota.objects.create(user=owner, **{name: len(jpeg_bytes()) if name == "bytes_stored" else 1})
        assert send(program).status_code == 202
        response = send(program, content=jpeg_bytes(300))
        assert (response.status_code, problem_of(response)) == (429, "quota_exceeded")
        assert response.json()["quota"]["name"] == name
        assert int(response["Retry-After"]) > 0
        assert Detection.objects.count() == 1

    def test_deleting_does_not_win_uploads_back(self, program: Client, owner: User) -> None:
        UserQuota.objects.create(user=owner, uploads_per_hour=1)
        program.delete(f"/api/detections/{send(program).json()['id']}")
        assert problem_of(send(program)) == "quota_exceeded"

    def test_the_same_file_costs_nothing(self, program: Client, owner: User) -> None:
        UserQuota.objects.create(user=owner, uploads_per_hour=2)
        assert [send(program).status_code for _ in range(2)] == [202, 202]
        assert send(program, content=jpeg_bytes(300)).status_code == 202

    def test_the_site_keeps_to_them_too(self, owner_client: Client, owner: User) -> None:
        UserQuota.objects.create(user=owner, uploads_per_hour=0)
        response = owner_client.post("/upload/", {"files": picture()}, headers={"Accept": "application/json"})
        assert (response.status_code, response.json()["code"]) == (429, "quota_exceeded")

    def test_running_again_is_a_job(self, program: Client, owner: User) -> None:
        detection = make_detection(owner)
        UserQuota.objects.create(user=owner, queued_jobs=1)
        assert problem_of(program.post(f"/api/detections/{detection.id}/run-again")) == "quota_exceeded"


def test_an_unknown_batch_is_empty(program: Client) -> None:
    assert program.get(f"/api/history?batch={uuid.uuid4()}").json()["results"] == []
