"""H.264 without an encoder: every macroblock is I_PCM, that is, its bare pixels (ITU-T H.264, 7.3)."""

import struct

from tests.ml_core.media.mp4 import picture_entry

MACROBLOCK = b"\x0d\x00"  # mb_type I_PCM as ue(25), then zero bits up to the byte


def h264_entry(columns: int, rows: int) -> bytes:
    """The sample entry `avc1` for pictures of so many macroblocks of 16×16."""
    sets = bytes([1, 66, 0xC0, 30, 0xFF])
    sequence, picture = _sequence_set(columns, rows), _picture_set()
    sets += b"\xe1" + struct.pack(">H", len(sequence)) + sequence
    sets += b"\x01" + struct.pack(">H", len(picture)) + picture
    record = struct.pack(">I", len(sets) + 8) + b"avcC" + sets
    return picture_entry(b"avc1", (columns * 16, rows * 16), record)


def h264_picture(level: int, columns: int, rows: int, number: int) -> bytes:
    """One grey picture as an IDR slice with its length before it; `level` is never 0, so nothing needs escaping."""
    header = "1" + _ue(7) + "1" + "0000" + _ue(number % 2) + "00" + "1"
    first = _packed(header + _ue(25))
    block = bytes([level]) * 256 + bytes([128]) * 128
    slice_ = b"\x65" + first + block + (MACROBLOCK + block) * (columns * rows - 1) + b"\x80"
    return struct.pack(">I", len(slice_)) + slice_


def _sequence_set(columns: int, rows: int) -> bytes:
    bits = "1" + "1" + _ue(2) + "1" + "0" + _ue(columns - 1) + _ue(rows - 1) + "1" + "1" + "0" + "0" + "1"
    return b"\x67" + bytes([66, 0xC0, 30]) + _packed(bits)


def _picture_set() -> bytes:
    return b"\x68" + _packed("1" + "1" + "00" + "1" + "1" + "1" + "000" + "1" + "1" + "1" + "000" + "1")


def _ue(value: int) -> str:
    """Exponential-Golomb code of an unsigned number."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def _packed(bits: str) -> bytes:
    padded = bits + "0" * (-len(bits) % 8)
    return int(padded, 2).to_bytes(len(padded) // 8, "big")
