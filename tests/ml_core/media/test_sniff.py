"""Magic bytes first, then the name."""

from pathlib import Path

import pytest

from ml_core.media.probe import sniff
from tests.ml_core.media.refusal import refused
from tests.ml_core.media.samples import make_gif_bytes

JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"
WEBP = b"RIFF\x24\0\0\0WEBPVP8 "
AVI = b"RIFF\x24\0\0\0AVI LIST"
FLV = b"FLV\x01\x05\0\0\0\x09"
MP4 = b"\0\0\0\x18ftypisom\0\0\2\0"
MOV = b"\0\0\0\x14ftypqt  \0\0\2\0"
OLD_MOV = b"\0\0\0\x08wide\0\0\0\x10mdat"
MKV = b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska"
WEBM = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"


def sniffed(room: Path, content: bytes, name: str) -> tuple[str, str]:
    path = room / "upload"
    path.write_bytes(content)
    return sniff(path, name)


@pytest.mark.parametrize(
    ("content", "name", "kind", "format"),
    [
        (JPEG, "a.jpg", "image", "jpeg"),
        (JPEG, "A.JPEG", "image", "jpeg"),
        (PNG, "a.png", "image", "png"),
        (WEBP, "a.webp", "image", "webp"),
        (AVI, "a.avi", "video", "avi"),
        (FLV, "a.flv", "video", "flv"),
        (MP4, "a.mp4", "video", "mp4"),
        (MP4, "a.mov", "video", "mp4"),
        (MOV, "a.mov", "video", "mov"),
        (MOV, "a.mp4", "video", "mov"),
        (OLD_MOV, "a.mov", "video", "mov"),
        (MKV, "a.mkv", "video", "mkv"),
        (WEBM, "a.webm", "video", "webm"),
        (WEBM, "a.mkv", "video", "webm"),
    ],
)
def test_known_content_under_a_fitting_name(room: Path, content: bytes, name: str, kind: str, format: str) -> None:
    assert sniffed(room, content, name) == (kind, format)


@pytest.mark.parametrize(
    ("content", "name"),
    [(PNG, "a.jpg"), (JPEG, "a.mp4"), (MP4, "a.avi"), (AVI, "a.webp"), (WEBP, "a.avi"), (FLV, "a.mp4"), (JPEG, "a")],
)
def test_known_content_under_another_name_is_a_mismatch(room: Path, content: bytes, name: str) -> None:
    with refused("type_mismatch"):
        sniffed(room, content, name)


@pytest.mark.parametrize("name", ["a.jpg", "a.mp4", "a.svg", "a.txt"])
@pytest.mark.parametrize(
    "content",
    [
        b"ffconcat version 1.0\nfile neighbour.mp4\n",
        b"#EXTM3U\n#EXTINF:10,\nneighbour.mp4\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"hello",
        b"\0",
        make_gif_bytes(),
        b"\0\0\0\x18ftypheic\0\0\0\0",
        b"ID3\x04\0\0",
        b"%PDF-1.7",
    ],
)
def test_any_other_content_is_unsupported_whatever_its_name(room: Path, content: bytes, name: str) -> None:
    with refused("unsupported_type"):
        sniffed(room, content, name)


def test_an_empty_file(room: Path) -> None:
    with refused("empty"):
        sniffed(room, b"", "a.jpg")


def test_a_file_over_the_limit_is_not_opened(room: Path) -> None:
    path = room / "upload"
    path.write_bytes(JPEG)
    with refused("too_large"):
        sniff(path, "a.jpg", max_bytes=len(JPEG) - 1)
    assert sniff(path, "a.jpg", max_bytes=len(JPEG)) == ("image", "jpeg")
