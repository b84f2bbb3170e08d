"""The parent's side of decoding: a file in, upright RGB pictures out. No torch, no cv2."""

from pathlib import Path
from typing import Any

import numpy as np

from ml_core.config import FRAMES_PER_VIDEO, MAX_FRAME_SIDE, MAX_STILL_SIDE
from ml_core.datatypes import Frame, Kind
from ml_core.media.runner import DecoderDied, Request, run

__all__ = ["DecoderDied", "decode"]

MAX_CPU_PER_SECOND = 2  # the decoder may use several threads


def decode(
    path: Path, info_kind: Kind, format: str, *, frames: int = FRAMES_PER_VIDEO, timeout: float = 120, nice: int = 0
) -> list[Frame]:
    """The still as one Frame (time None), or at most `frames` frames spread evenly over the video's real duration.

    Images are (height, width, 3) uint8 RGB, upright, no longer than MAX_STILL_SIDE or MAX_FRAME_SIDE. Raises MediaError
    for what is wrong with the file, DecoderDied when the child was killed or hung (a failed attempt: try again).
    """
    still = info_kind == "image"
    count, side = (1, MAX_STILL_SIDE) if still else (frames, MAX_FRAME_SIDE)
    cpu_seconds = max(1, int(timeout * MAX_CPU_PER_SECOND))
    request = Request("frames", info_kind, format, frames=count, cpu_seconds=cpu_seconds, nice=nice)
    answer = run(path, request, timeout=timeout, body_limit=count * side * side * 3)
    return _cut(answer.header["frames"], answer.body, side)


def _cut(rows: list[dict[str, Any]], body: memoryview, side: int) -> list[Frame]:
    """The pixels, cut at the sizes that the header names."""
    frames, at = [], 0
    for index, row in enumerate(rows):
        width, height = int(row["width"]), int(row["height"])
        end = at + width * height * 3
        if not (0 < width <= side and 0 < height <= side and end <= len(body)):
            raise DecoderDied("the decoder's pixels do not match their header")
        image = np.frombuffer(body[at:end], np.uint8).reshape(height, width, 3)
        frames.append(Frame(index=index, time=row["time"], image=image, scale=float(row["scale"])))
        at = end
    return frames
