"""MP4 files written box by box, so that a test can say anything in them: any timing, any lie, any track."""

import io
import struct
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

TIMESCALE = 1000
SIZE = (320, 240)


def make_mp4(
    path: Path,
    samples: Sequence[bytes],
    durations: Sequence[int],
    *,
    claimed_duration: int | None = None,
    claimed_size: tuple[int, int] = SIZE,
    sound: bool = False,
    turned: bool = False,
    entry: bytes | None = None,
    ahead: bool = True,
) -> Path:
    """`durations` in milliseconds, one per sample; `ahead` puts the table of contents before the samples."""
    claimed = sum(durations) if claimed_duration is None else claimed_duration
    described = entry or (_sound_entry() if sound else picture_entry(b"jpeg", claimed_size))
    head = _box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")

    def contents(offset: int) -> bytes:
        table = _sample_table(described, [len(sample) for sample in samples], durations, offset)
        media = _box(b"mdhd", struct.pack(">5I2H", 0, 0, 0, TIMESCALE, claimed, 0x55C4, 0))
        media += _box(b"hdlr", bytes(8) + (b"soun" if sound else b"vide") + bytes(13))
        media += _box(b"minf", _media_header(sound) + _data_reference() + table)
        track = _box(b"trak", _track_header(claimed, claimed_size, turned) + _box(b"mdia", media))
        return _box(b"moov", _movie_header(claimed) + track)

    first = len(head) + 8 + (len(contents(0)) if ahead else 0)
    data = _box(b"mdat", b"".join(samples))
    path.write_bytes(head + contents(first) + data if ahead else head + data + contents(first))
    return path


def grey_jpeg(level: int, size: tuple[int, int] = SIZE) -> bytes:
    """A picture that says by its brightness which one it is."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (level, level, level)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def picture_entry(codec: bytes, size: tuple[int, int], extra: bytes = b"") -> bytes:
    """A VisualSampleEntry."""
    body = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">2H", *size)
    body += struct.pack(">2I", 0x480000, 0x480000) + bytes(4) + struct.pack(">H", 1) + bytes(32)
    return _box(codec, body + struct.pack(">Hh", 24, -1) + extra)


def _sound_entry() -> bytes:
    return _box(b"sowt", bytes(6) + struct.pack(">H", 1) + bytes(8) + struct.pack(">4HI", 1, 16, 0, 0, 8000 << 16))


def _sample_table(entry: bytes, sizes: Sequence[int], durations: Sequence[int], offset: int) -> bytes:
    deltas = b"".join(struct.pack(">2I", 1, duration) for duration in durations)
    table = _box(b"stsd", struct.pack(">2I", 0, 1) + entry)
    table += _box(b"stts", struct.pack(">2I", 0, len(durations)) + deltas)
    table += _box(b"stsc", struct.pack(">5I", 0, 1, 1, len(sizes), 1))
    table += _box(b"stsz", struct.pack(f">3I{len(sizes)}I", 0, 0, len(sizes), *sizes))
    return _box(b"stbl", table + _box(b"stco", struct.pack(">3I", 0, 1, offset)))


def _movie_header(duration: int) -> bytes:
    body = struct.pack(">5I", 0, 0, 0, TIMESCALE, duration) + struct.pack(">IH", 0x10000, 0x100) + bytes(10)
    return _box(b"mvhd", body + _matrix(turned=False) + bytes(24) + struct.pack(">I", 2))


def _track_header(duration: int, size: tuple[int, int], turned: bool) -> bytes:
    body = struct.pack(">6I", 3, 0, 0, 1, 0, duration) + bytes(16) + _matrix(turned=turned)
    return _box(b"tkhd", body + struct.pack(">2I", size[0] << 16, size[1] << 16))


def _matrix(*, turned: bool) -> bytes:
    """The identity, or a quarter turn clockwise."""
    one = 0x10000
    cells = (0, one, 0, -one, 0, 0, 0, 0, 0x40000000) if turned else (one, 0, 0, 0, one, 0, 0, 0, 0x40000000)
    return struct.pack(">9i", *cells)


def _media_header(sound: bool) -> bytes:
    return _box(b"smhd", bytes(8)) if sound else _box(b"vmhd", struct.pack(">I", 1) + bytes(8))


def _data_reference() -> bytes:
    return _box(b"dinf", _box(b"dref", struct.pack(">2I", 0, 1) + _box(b"url ", struct.pack(">I", 1))))


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body
