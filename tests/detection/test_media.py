"""Serving the uploaded bytes: own content type, ranges, headers that make them mere data."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from detection import media_store
from detection.models import Detection
from detection.ranges import Unsatisfiable, parse_range
from tests.factories import jpeg_bytes, make_detection, make_media

CONTENT = bytes(range(256)) * 40  # 10240


@pytest.fixture
def clip(owner: User) -> Detection:
    return make_detection(owner, make_media(owner, CONTENT, name="Ünsere Feier.mp4", kind="video", format="mp4"))


def get(client: Client, detection: Detection, wanted: str = "") -> Any:
    headers = {"range": wanted} if wanted else {}
    return client.get(reverse("detection:media", args=[detection.id]), headers=headers)


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_it_works(owner_client: Client, clip: Detection) -> None:
    response = get(owner_client, clip)
    assert response.status_code == 200
    assert body(response) == CONTENT
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Length"] == "10240"
    assert response["Accept-Ranges"] == "bytes"


def test_headers_make_it_mere_data(owner_client: Client, clip: Detection) -> None:
    response = get(owner_client, clip)
    body(response)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''%C3%9Cnsere%20Feier.mp4"
    assert response["Cache-Control"].startswith("private")


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("bytes=0-99", 0, 99), ("bytes=10000-", 10000, 10239), ("bytes=-240", 10000, 10239), ("bytes=5-99999", 5, 10239)],
)
def test_ranges(owner_client: Client, clip: Detection, wanted: str, start: int, end: int) -> None:
    response = get(owner_client, clip, wanted)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {start}-{end}/10240"
    assert response["Content-Length"] == str(end - start + 1)
    assert body(response) == CONTENT[start : end + 1]


def test_a_range_outside_the_file(owner_client: Client, clip: Detection) -> None:
    response = get(owner_client, clip, "bytes=10240-")
    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */10240"


@pytest.mark.parametrize("header", ["", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=0-1", "bytes=a-b", "bytes=٣-"])
def test_odd_ranges_mean_everything(header: str) -> None:
    assert parse_range(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0", "bytes=999999999999999999-"])
def test_unsatisfiable_ranges(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parse_range(header, 100)


def test_head_sends_no_body(owner_client: Client, clip: Detection) -> None:
    response = owner_client.head(reverse("detection:media", args=[clip.id]))
    assert (response.status_code, response["Content-Length"]) == (200, "10240")
    assert body(response) == b""


def test_a_picture(owner_client: Client, owner: User) -> None:
    response = get(owner_client, make_detection(owner))
    assert response["Content-Type"] == "image/jpeg"
    assert body(response) == jpeg_bytes()


def test_preview_and_frames(owner_client: Client, clip: Detection) -> None:
    preview = reverse("detection:preview", args=[clip.id])
    frame = reverse("detection:frame", args=[clip.id, 3])
    assert owner_client.get(preview).status_code == 404
    assert owner_client.get(frame).status_code == 404
    media_store.preview_path(clip.media_id).write_bytes(jpeg_bytes(64, 64))
    media_store.frame_path(clip.media_id, 3).write_bytes(jpeg_bytes(32, 32))
    for address, content in ((preview, jpeg_bytes(64, 64)), (frame, jpeg_bytes(32, 32))):
        response = owner_client.get(address)
        assert response["Content-Type"] == "image/jpeg"
        assert response["Content-Security-Policy"].startswith("sandbox")
        assert body(response) == content


def test_purged_media_are_gone(owner_client: Client, clip: Detection, media_root: Path) -> None:
    (media_root / str(clip.media.file.name)).unlink()
    assert get(owner_client, clip).status_code == 404
