"""Why does a container hold no picture? Only to name the error rightly: nothing else follows from these bytes."""

import re
from typing import BinaryIO

LOOKED_AT = 4 * 1024 * 1024  # bytes at either end: an MP4 may keep its table of contents last
ISO_TRACK = re.compile(rb"hdlr.{8}(vide|soun)", re.DOTALL)
AVI_STREAM = re.compile(rb"strh.{4}(vids|auds)", re.DOTALL)
MATROSKA_TRACK = re.compile(rb"\x83\x81([\x01\x02])")
TRACKS = {"mp4": ISO_TRACK, "mov": ISO_TRACK, "avi": AVI_STREAM, "mkv": MATROSKA_TRACK, "webm": MATROSKA_TRACK}
SOUND = {b"soun", b"auds", b"\x02"}
FLV_SOUND, FLV_PICTURE = 0x04, 0x01


def only_sound(file: BinaryIO, format: str) -> bool:
    """True when the container announces sound and no picture."""
    file.seek(0)
    head = file.read(LOOKED_AT)
    if format == "flv":
        return len(head) > 4 and bool(head[4] & FLV_SOUND) and not head[4] & FLV_PICTURE
    file.seek(max(len(head), file.seek(0, 2) - LOOKED_AT))
    found = set(TRACKS[format].findall(head + file.read()))
    return bool(found) and found <= SOUND
