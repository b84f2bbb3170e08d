"""What kind of file is this, and can it be read? No torch, no cv2: the web process imports this.

The content is looked at first: bytes that no supported format begins with are `unsupported_type`, whatever the name
says (text, ffconcat, SVG, GIF, HEIC, sound formats). Then the name: a supported content under the extension of another
family is `type_mismatch`. Within a family the extensions are interchangeable, since cameras and phones mix them.
"""

import hashlib
import logging
from pathlib import Path

from ml_core.config import MAX_UPLOAD_BYTES
from ml_core.datatypes import Kind, MediaInfo
from ml_core.errors import MediaError
from ml_core.media.runner import DecoderDied, Request, run

logger = logging.getLogger(__name__)

CHECK_TIMEOUT = 30.0  # seconds of wall clock
HEAD_BYTES = 4096

EXTENSIONS: dict[str, frozenset[str]] = {
    "jpeg": frozenset({"jpg", "jpeg", "jpe", "jfif"}),
    "png": frozenset({"png"}),
    "webp": frozenset({"webp"}),
    "mp4": frozenset({"mp4", "m4v", "mov"}),
    "mov": frozenset({"mp4", "m4v", "mov"}),
    "avi": frozenset({"avi"}),
    "mkv": frozenset({"mkv", "webm"}),
    "webm": frozenset({"mkv", "webm"}),
    "flv": frozenset({"flv"}),
}
STILLS = frozenset({"jpeg", "png", "webp"})
NOT_VIDEO_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis", b"crx "})
ISO_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


def sniff(path: Path, name: str, *, max_bytes: int = MAX_UPLOAD_BYTES) -> tuple[Kind, str]:
    """Kind and format by the first bytes of the file; `name` is what its owner calls it.

    Raises MediaError `empty`, `too_large`, `unsupported_type` or `type_mismatch`.
    """
    size = path.stat().st_size
    if size == 0:
        raise MediaError("empty")
    if size > max_bytes:
        raise MediaError("too_large", f"{size} bytes")
    with path.open("rb") as file:
        found = format_of(file.read(HEAD_BYTES))
    if found is None:
        raise MediaError("unsupported_type", "no supported format begins like this")
    extension = Path(name).suffix.lower().removeprefix(".")
    if extension not in EXTENSIONS[found]:
        raise MediaError("type_mismatch", f"{found} content under the extension {extension!r}")
    return ("image" if found in STILLS else "video"), found


def format_of(head: bytes) -> str | None:
    """The supported format whose magic bytes these are."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"RIFF"):
        return {b"WEBP": "webp", b"AVI ": "avi"}.get(head[8:12])
    if head.startswith(b"FLV\x01"):
        return "flv"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _matroska(head)
    return _iso_media(head)


def _matroska(head: bytes) -> str | None:
    """The DocType element (0x4282, one length byte) of the EBML header tells WebM from Matroska."""
    at = head.find(b"\x42\x82")
    kind = head[at + 3 : at + 3 + (head[at + 2] & 0x7F)] if 0 <= at < len(head) - 3 else b""
    return {b"webm": "webm", b"matroska": "mkv"}.get(kind.rstrip(b"\0"))


def _iso_media(head: bytes) -> str | None:
    """ISO base media: the first box is known; without `ftyp` it is an old QuickTime file."""
    if head[4:8] not in ISO_BOXES:
        return None
    if head[4:8] != b"ftyp":
        return "mov"
    brand = head[8:12]
    if brand in NOT_VIDEO_BRANDS:
        return None
    return "mov" if brand == b"qt  " else "mp4"


def probe(path: Path, name: str, *, max_bytes: int = MAX_UPLOAD_BYTES) -> MediaInfo:
    """Everything that can be said before the models run. Raises MediaError with one of the codes of `errors`.

    A decoder that this file kills is the file's fault here: nothing is stored yet, so it is simply refused.
    """
    kind, found = sniff(path, name, max_bytes=max_bytes)
    request = Request(mode="check", kind=kind, format=found)
    try:
        facts = run(path, request, timeout=CHECK_TIMEOUT).header["info"]
    except DecoderDied as death:
        logger.warning("The decoder died of an upload (%s): %s", found, death)
        raise MediaError("resource_limit" if death.starved else "undecodable", str(death)) from death
    return MediaInfo(kind=kind, format=found, size=path.stat().st_size, sha256=_sha256(path), **facts)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
