"""Uploading by the page's form and by its script."""

import io
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import Settings

from detection import services
from detection.models import Detection, MediaFile
from tests.factories import jpeg_bytes, make_detection

JSON = {"accept": "application/json"}


def file(name: str = "portrait.jpg", content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, jpeg_bytes() if content is None else content)


def send(client: Client, files: Iterable[Any], headers: dict[str, str] | None = None, **fields: str) -> Any:
    return client.post(reverse("upload"), {"files": list(files), **fields}, headers=headers or {})


def stored(root: Path) -> list[Path]:
    """Every file below MEDIA_ROOT, staging included."""
    return [path for path in root.rglob("*") if path.is_file()]


def png_bytes() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (300, 300)).save(stream, "PNG")
    return stream.getvalue()


def test_it_works(owner_client: Client, owner: User, media_root: Path) -> None:
    response = send(owner_client, [file()])
    detection = Detection.objects.get()
    assert response.status_code == 302
    assert response.url == reverse("detection:result", args=[detection.id])
    assert (detection.owner, detection.state, detection.media.name) == (owner, "queued", "portrait.jpg")
    assert (detection.media.width, detection.media.height) == (320, 240)
    assert stored(media_root) == [media_root / str(detection.media.file.name)]
    assert list((media_root / ".staging").iterdir()) == []


def test_json_answers_with_id_and_address(owner_client: Client) -> None:
    response = send(owner_client, [file()], JSON)
    detection = Detection.objects.get()
    assert response.status_code == 201
    assert response.json() == {"id": str(detection.id), "url": reverse("detection:result", args=[detection.id])}


def test_training_needs_consent(owner_client: Client) -> None:
    send(owner_client, [file()])
    assert not MediaFile.objects.get().may_train
    MediaFile.objects.all().delete()
    send(owner_client, [file()], may_train="on")
    assert MediaFile.objects.get().may_train


def test_several_files_each_with_its_own_answer(owner_client: Client) -> None:
    response = send(owner_client, [file("a.jpg"), file("notes.txt", b"hello"), file("b.jpg")])
    page = response.content.decode()
    assert response.status_code == 200
    assert {detection.media.name for detection in Detection.objects.all()} == {"a.jpg", "b.jpg"}
    assert len({detection.batch for detection in Detection.objects.all()} - {None}) == 1
    assert all(reverse("detection:result", args=[detection.id]) in page for detection in Detection.objects.all())
    assert "notes.txt" in page
    assert "This kind of file is not supported" in page


def test_several_files_in_json(owner_client: Client) -> None:
    answer = send(owner_client, [file("a.jpg"), file("notes.txt", b"hello")], JSON).json()
    assert [one.get("code") for one in answer["files"]] == [None, "unsupported_type"]


def test_a_batch_of_single_requests(owner_client: Client) -> None:
    batch = str(uuid.uuid4())
    for name in ("a.jpg", "b.jpg"):
        send(owner_client, [file(name)], JSON, batch=batch)
    assert {str(detection.batch) for detection in Detection.objects.all()} == {batch}


@pytest.mark.parametrize(
    ("name", "content", "code", "status"),
    [
        ("nothing.jpg", b"", "empty", 400),
        ("notes.jpg", b"just some words, no picture", "unsupported_type", 415),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_type", 415),
        ("picture.mp4", png_bytes(), "type_mismatch", 415),
        ("half.jpg", jpeg_bytes(400, 400)[:600], "undecodable", 422),
        ("stamp.jpg", jpeg_bytes(100, 100), "too_small", 422),
    ],
)
def test_a_refusal_has_a_name_and_leaves_nothing(
    owner_client: Client, media_root: Path, name: str, content: bytes, code: str, status: int
) -> None:
    response = send(owner_client, [file(name, content)], JSON)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["detail"]
    assert stored(media_root) == []
    assert not MediaFile.objects.exists()


def test_a_refusal_on_the_page(owner_client: Client) -> None:
    response = send(owner_client, [file("<b>notes.jpg", b"no picture")])
    assert response.status_code == 415
    assert "&lt;b&gt;notes.jpg" in response.content.decode()
    assert "This kind of file is not supported" in response.content.decode()


def test_no_file(owner_client: Client) -> None:
    response = owner_client.post(reverse("upload"), {}, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (400, "no_file")


def test_too_large_does_not_stop_the_others(owner_client: Client, media_root: Path, settings: Settings) -> None:
    settings.DEEPFAKE_MAX_UPLOAD_BYTES = 20_000
    response = send(owner_client, [file("big.jpg", bytes(20_001)), file("small.jpg")], JSON)
    assert [one.get("code") for one in response.json()["files"]] == ["too_large", None]
    alone = send(owner_client, [file("big.jpg", bytes(20_001))], JSON)
    assert (alone.status_code, alone.json()["code"]) == (413, "too_large")
    assert len(stored(media_root)) == 1


def test_a_submission_that_fails_leaves_nothing(
    owner_client: Client, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(services, "submit_upload", broken)
    owner_client.raise_request_exception = False
    assert send(owner_client, [file()], JSON).status_code == 500
    assert stored(media_root) == []


def test_the_method_and_the_token_matter(owner_client: Client, owner: User) -> None:
    assert owner_client.get(reverse("upload")).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert send(strict, [file()]).status_code == 403
    assert not Detection.objects.exists()


def test_anonymous_visitors_sign_in_first(client: Client, db: None) -> None:
    assert send(client, [file()]).url.startswith(reverse("login"))
    assert send(client, [file()], JSON).status_code == 401
    assert client.get(reverse("home"))["Location"] == f"{reverse('login')}?next=/"


def test_home_shows_the_limits_and_the_last_five(owner_client: Client, owner: User, stranger: User) -> None:
    empty = owner_client.get(reverse("home")).content.decode()
    assert "500 MB" in empty
    assert "Nothing yet" in empty
    rows = [make_detection(owner) for _ in range(6)]
    foreign = make_detection(stranger)
    page = owner_client.get(reverse("home")).content.decode()
    shown = [str(row.id) in page for row in rows]
    assert shown == [False, True, True, True, True, True]
    assert str(foreign.id) not in page
