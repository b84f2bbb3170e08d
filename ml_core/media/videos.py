"""Videos by OpenCV's FFmpeg, in the decode child.

First all packets are walked through without decoding (`survey`): that gives the codec, every real timestamp and the
key frames for the price of reading the file. Then exactly the chosen frames are decoded, with a jump to a key frame
where that saves work; where a jump lands is checked by the timestamp that is read back.
"""

import math
import mmap
import sys
from bisect import bisect_right
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from ml_core.config import MAX_FRAME_SIDE, MAX_IMAGE_PIXELS, MAX_VIDEO_SECONDS
from ml_core.datatypes import Picture
from ml_core.errors import MediaError
from ml_core.media.reader import EPSILON, STDIN, Reader
from ml_core.media.sampling import Survey, spread
from ml_core.media.sound import only_sound

FEW_FRAMES = 8
MAX_PACKETS = 1_000_000  # an hour at 240 frames per second has 864,000
# FOURCC as OpenCV reports it → name. What is not here is not decoded: every decoder is an attack surface.
CODECS = {
    **dict.fromkeys(("h264", "avc1", "avc3", "x264"), "h264"),
    **dict.fromkeys(("hevc", "hev1", "hvc1", "h265"), "hevc"),
    **dict.fromkeys(("vp80",), "vp8"),
    **dict.fromkeys(("vp90", "vp09"), "vp9"),
    **dict.fromkeys(("av01",), "av1"),
    **dict.fromkeys(("fmp4", "mp4v", "xvid", "divx", "dx50"), "mpeg4"),
    **dict.fromkeys(("mjpg", "jpeg", "mjpa"), "mjpeg"),
    **dict.fromkeys(("mpg1", "mpg2", "mpeg"), "mpeg2"),
    **dict.fromkeys(("flv1",), "flv1"),
    **dict.fromkeys(("vp6f", "vp6a", "vp60", "vp61", "vp62"), "vp6"),
    **dict.fromkeys(("h263", "s263"), "h263"),
    **dict.fromkeys(("div3", "mp43"), "msmpeg4v3"),
    **dict.fromkeys(("wmv1",), "wmv1"),
    **dict.fromkeys(("wmv2",), "wmv2"),
    **dict.fromkeys(("wmv3", "wvc1"), "wmv3"),
    **dict.fromkeys(("apch", "apcn", "apcs", "apco", "ap4h", "ap4x"), "prores"),
}


def check(format: str) -> dict[str, Any]:
    """Size (upright), measured duration and rate, codec. Decodes one frame."""
    found = survey(format)
    reader = Reader(found, format)
    if not reader.advance():
        raise _nothing(found)
    height, width = reader.picture().shape[:2]
    return {"width": width, "height": height, "duration": found.duration, "fps": found.fps, "codec": found.codec}


def sample(format: str, count: int) -> tuple[list[tuple[dict[str, Any], bytes]], bool]:
    """At most `count` frames as (row, RGB bytes), and whether fewer could be decoded than the file should hold."""
    found = survey(format)
    frames, reached = _pass(found, format, count)
    if len(frames) < min(count, len(found.times)) and reached:
        # The end cannot be decoded: what can be is the real duration.
        shorter = replace(found, times=found.times[:reached], keys=[key for key in found.keys if key < reached])
        frames, _ = _pass(shorter, format, count)
    if not frames:
        raise _nothing(found)
    return frames, len(frames) < min(count, len(found.times))


def _nothing(found: Survey) -> MediaError:
    """OpenCV says "no more frames" when it has no memory for one: is there room for a few?"""
    try:
        mmap.mmap(-1, max(1, int(found.pixels * FEW_FRAMES * 1.5))).close()
    except OSError:
        return MediaError("resource_limit", "memory")
    return MediaError("no_frames", "not one frame could be decoded")


def survey(format: str) -> Survey:
    """Every packet's timestamp, without decoding. Raises the codes for what cannot be read at all."""
    capture = cv2.VideoCapture(STDIN, cv2.CAP_FFMPEG, [cv2.CAP_PROP_FORMAT, -1])
    if not capture.isOpened():
        raise MediaError("audio_only" if only_sound(sys.stdin.buffer, format) else "undecodable", "cannot be opened")
    codec = _codec(capture)
    pixels = capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    if pixels > MAX_IMAGE_PIXELS:
        raise MediaError("too_many_pixels", f"{pixels:.0f} pixels a frame")
    seen = _timestamps(capture)
    capture.release()
    if len(seen) <= 1 and only_sound(sys.stdin.buffer, format):
        raise MediaError("audio_only", "a cover picture at most")
    if not seen:
        raise MediaError("no_frames", "the video stream is empty")
    times = sorted(seen)
    found = Survey(codec, pixels, times, [index for index, time in enumerate(times) if seen[time]])
    if found.end > MAX_VIDEO_SECONDS:
        raise MediaError("too_long", f"{found.end:.0f} seconds")
    return found


def _codec(capture: cv2.VideoCapture) -> str:
    tag = (int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF).to_bytes(4, "little").decode("latin-1")
    if tag.lower() not in CODECS:
        raise MediaError("unsupported_codec", repr(tag))
    return CODECS[tag.lower()]


def _timestamps(capture: cv2.VideoCapture) -> dict[float, bool]:
    """Seconds → can decoding start here? Pictures before zero are cut off by the container and never shown."""
    seen: dict[float, bool] = {}
    for _ in range(MAX_PACKETS):
        if not capture.grab():
            return seen
        time = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if math.isfinite(time) and time > -EPSILON:
            seen[time] = bool(capture.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME))
        if time > MAX_VIDEO_SECONDS:
            raise MediaError("too_long", f"{time:.0f} seconds and more")
    raise MediaError("resource_limit", "number of packets")


def _pass(found: Survey, format: str, count: int) -> tuple[list[tuple[dict[str, Any], bytes]], int]:
    """The chosen frames that can be decoded, and the number of timestamps up to the last one that was reached."""
    reader, frames = Reader(found, format), []
    for index in spread(found, count):
        if not reader.go_to(index):
            break
        frames.append(_row(reader.picture(), reader.time))
    return frames, bisect_right(found.times, reader.time + EPSILON)


def _row(picture: Picture, time: float) -> tuple[dict[str, Any], bytes]:
    """No longer than MAX_FRAME_SIDE, BGR turned to RGB."""
    height, width = picture.shape[:2]
    scale = max(1.0, max(height, width) / MAX_FRAME_SIDE)
    if scale > 1:
        width, height = max(1, round(width / scale)), max(1, round(height / scale))
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    pixels = np.ascontiguousarray(picture[:, :, ::-1]).tobytes()
    return {"width": width, "height": height, "time": time, "scale": scale}, pixels
