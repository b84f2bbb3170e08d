"""Bytes on their way to the disk, and the names that people gave them."""

import errno
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from pytest_django import Settings

from detection import upload_handlers, uploads
from detection.upload_handlers import LimitedTemporaryFileUploadHandler
from ml_core.errors import MediaError
from tests.factories import jpeg_bytes

Usage = namedtuple("Usage", "total used free")
CHUNK = b"x" * 1000


def handler(content_length: int = 0) -> LimitedTemporaryFileUploadHandler:
    request = HttpRequest()
    request.META["CONTENT_LENGTH"] = str(content_length)
    made = LimitedTemporaryFileUploadHandler(request)
    made.new_file("files", "clip.mp4", "video/mp4", content_length, None, None)
    return made


def test_nothing_beyond_the_limit_reaches_the_disk(media_root: Path, settings: Settings) -> None:
    settings.DEEPFAKE_MAX_UPLOAD_BYTES = 2500
    upload = handler()
    for at in range(4):
        upload.receive_data_chunk(CHUNK, at * 1000)
    file = upload.file_complete(4000)
    assert file.path.stat().st_size == 0
    with pytest.raises(MediaError, match="too_large"):
        uploads.accept(file)
    file.close()
    assert list((media_root / ".staging").iterdir()) == []


def test_no_room_is_seen_before_the_first_byte(media_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1, 1, upload_handlers.RESERVE_BYTES + 999))
    upload = handler(content_length=1000)
    upload.receive_data_chunk(CHUNK, 0)
    file = upload.file_complete(1000)
    assert file.path.stat().st_size == 0
    with pytest.raises(MediaError, match="disk_full"):
        uploads.accept(file)
    file.close()


def test_the_disk_fills_up_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = handler()

    class Full:
        def write(self, chunk: bytes) -> int:
            raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr(upload.file, "staged", Full())
        patch.setattr(upload.file, "refuse", lambda code: setattr(upload.file, "refusal", code))
        upload.receive_data_chunk(CHUNK, 0)
    with pytest.raises(MediaError, match="disk_full"):
        uploads.accept(upload.file_complete(1000))
    upload.file.close()


def test_another_write_error_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = handler()

    class Broken:
        def write(self, chunk: bytes) -> int:
            raise OSError(errno.EIO, "input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(upload.file, "staged", Broken())
        with pytest.raises(OSError, match="input/output"):
            upload.receive_data_chunk(CHUNK, 0)
    upload.file.close()


def test_an_interrupted_upload_leaves_nothing(media_root: Path) -> None:
    upload = handler()
    upload.receive_data_chunk(CHUNK, 0)
    upload.upload_interrupted()
    assert list((media_root / ".staging").iterdir()) == []


def test_accept_takes_any_uploaded_file(media_root: Path) -> None:
    accepted = uploads.accept(SimpleUploadedFile("a.jpg", jpeg_bytes()))
    assert (accepted.info.kind, accepted.info.format, accepted.info.width) == ("image", "jpeg", 320)
    assert accepted.path.is_relative_to(media_root)
    accepted.discard()
    assert list((media_root / ".staging").iterdir()) == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("holiday.jpg", "holiday.jpg"),
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\Users\\me\\face.png", "face.png"),
        ("a\x00b\x1bc\u202egpj.jpg", "abcgpj.jpg"),
        ("  two\n\twords .jpg ", "two words .jpg"),
        ("Ürgroßmutter 写真.jpeg", "Ürgroßmutter 写真.jpeg"),
        ("", "unnamed"),
        ("..", "unnamed"),
        (None, "unnamed"),
        ("x" * 400 + ".webp", "x" * 249 + "…" + ".webp"),
    ],
)
def test_names_are_safe_to_show(given: str | None, shown: str) -> None:
    assert uploads.display_name(given) == shown
