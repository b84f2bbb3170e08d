"""The blocks of metadata in a file, found by walking its structure: in the decode child, without decoding a pixel.

Sizes that a file claims are never trusted: reads are bounded, loops end, and whatever is cut short ends the walk.
"""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

BLOCK_BYTES = 1 << 20
MAX_BLOCKS = 4000
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
CONTAINERS = {b"moov", b"udta"}

Block = tuple[str, bytes]  # kind: exif, xmp, jumbf, or text:<key>


def blocks(file: BinaryIO, format: str) -> Iterator[Block]:
    """Every block of metadata of a JPEG, PNG, WebP, MP4 or MOV; nothing for other formats."""
    walk = {"jpeg": _jpeg, "png": _png, "webp": _webp, "mp4": _iso_media, "mov": _iso_media}.get(format)
    if walk:
        yield from walk(file)


def _jpeg(file: BinaryIO) -> Iterator[Block]:
    """Segments up to the first scan."""
    file.seek(2)
    for _ in range(MAX_BLOCKS):
        marker = file.read(2)
        while marker[1:] == b"\xff":
            marker = marker[1:] + file.read(1)
        if len(marker) < 2 or marker[0] != 0xFF or marker[1] in (0xDA, 0xD9):
            return
        size = int.from_bytes(file.read(2), "big") - 2
        if size < 0:
            return
        body = file.read(size)
        if marker[1] == 0xE1 and body.startswith(b"Exif\0\0"):
            yield "exif", body
        elif marker[1] == 0xE1 and body.startswith(XMP_HEAD):
            yield "xmp", body[len(XMP_HEAD) :]
        elif marker[1] == 0xEB and body.startswith(b"JP"):
            yield "jumbf", body[8:]
        elif marker[1] == 0xFE:
            yield "text:JPEG comment", body


def _png(file: BinaryIO) -> Iterator[Block]:
    """Chunks, before and behind the pixels."""
    file.seek(8)
    for _ in range(MAX_BLOCKS):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        end = file.tell() + size + 4
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            yield from _png_text(kind, file.read(min(size, BLOCK_BYTES)))
        elif kind == b"eXIf":
            yield "exif", file.read(min(size, BLOCK_BYTES))
        elif kind == b"caBX":
            yield "jumbf", file.read(min(size, BLOCK_BYTES))
        file.seek(end)


def _png_text(kind: bytes, body: bytes) -> Iterator[Block]:
    """A keyword and its text, which may be packed; what unpacks to more than a block is cut."""
    key, _, rest = body.partition(b"\0")
    packed = kind == b"zTXt"
    if kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    elif packed:
        rest = rest[1:]
    if packed:
        rest = zlib.decompressobj().decompress(rest, BLOCK_BYTES)
    name = key.decode("latin-1")
    yield ("xmp", rest) if name == "XML:com.adobe.xmp" else (f"text:{name[:79]}", rest)


def _webp(file: BinaryIO) -> Iterator[Block]:
    """RIFF chunks, padded to even lengths."""
    file.seek(12)
    kinds = {b"EXIF": "exif", b"XMP ": "xmp", b"C2PA": "jumbf"}
    for _ in range(MAX_BLOCKS):
        head = file.read(8)
        if len(head) < 8:
            return
        size = int.from_bytes(head[4:], "little")
        end = file.tell() + size + size % 2
        if kind := kinds.get(head[:4]):
            yield kind, file.read(min(size, BLOCK_BYTES))
        file.seek(end)


def _iso_media(file: BinaryIO) -> Iterator[Block]:
    end = file.seek(0, 2)
    yield from _boxes_in(file, 0, end, MAX_BLOCKS)


def _boxes_in(file: BinaryIO, start: int, end: int, left: int, depth: int = 0) -> Iterator[Block]:
    """Boxes of MP4 and QuickTime: `uuid` at the top, and what `moov/udta` says in plain words."""
    while start + 8 <= end and left > 0:
        left -= 1
        file.seek(start)
        head = file.read(16)
        size, kind, body = int.from_bytes(head[:4], "big"), head[4:8], start + 8
        if size == 1:
            size, body = int.from_bytes(head[8:16], "big"), start + 16
        stop = end if size == 0 else start + size
        if stop <= start or stop > end or body > stop:
            return
        if kind in CONTAINERS and depth < 4:
            yield from _boxes_in(file, body, stop, left, depth + 1)
        elif kind == b"uuid" or kind.startswith(b"\xa9") or kind == b"meta":
            file.seek(body)
            yield from _box(kind, file.read(min(stop - body, BLOCK_BYTES)))
        start = stop


def _box(kind: bytes, body: bytes) -> Iterator[Block]:
    if kind == b"uuid" and body.startswith(C2PA_BOX):
        yield "jumbf", body[16:]
    elif kind == b"uuid" and body.startswith(XMP_BOX):
        yield "xmp", body[16:]
    elif kind.startswith(b"\xa9"):
        yield f"text:{kind[1:].decode('latin-1')}", body[4:]
    elif kind == b"meta":
        yield from _tags(body)


def _tags(body: bytes) -> Iterator[Block]:
    """iTunes' and QuickTime's tags: names in `keys` or in the box, each value in a `data` box."""
    names = [
        body[at + 4 : at + 4 + int.from_bytes(body[at - 4 : at], "big") - 8].decode("latin-1")
        for at in _all(body, b"mdta")[:100]
        if at >= 4 and body[at - 12 : at - 8] != b"hdlr"
    ]
    for at in _all(body, b"data")[:100]:
        size, item = int.from_bytes(body[at - 4 : at], "big"), body[at - 8 : at - 4]
        number = int.from_bytes(item, "big")
        name = names[number - 1] if 0 < number <= len(names) else item[1:].decode("latin-1")
        yield f"text:{name[-79:]}", body[at + 12 : at - 4 + max(size, 16)]


def _all(body: bytes, word: bytes) -> list[int]:
    """Where it stands, everywhere."""
    found, at = [], body.find(word)
    while at >= 0:
        found.append(at)
        at = body.find(word, at + 4)
    return found
