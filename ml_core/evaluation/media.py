"""The files of a data set as frames, decoded like an upload.

Stills are decoded in this process by the decode child's own code, since a child for each of thousands would cost
more than the models; clips go through the child. Limits that are there for uploads (name, smallest side) are not asked.
"""

import tempfile
from pathlib import Path

import numpy as np

from ml_core.datatypes import Frame, Kind
from ml_core.errors import MediaError
from ml_core.evaluation import tiers
from ml_core.media import stills
from ml_core.media.frames import DecoderDied, decode
from ml_core.media.probe import HEAD_BYTES, STILLS, format_of


def frames_of(path: Path, tier: str) -> tuple[Kind, list[Frame]]:
    """Kind and frames of a file after a tier. Raises MediaError with one of the codes of `errors`."""
    format = _format(path)
    if format in STILLS:
        return "image", [_changed(_still(path, format), tier)]
    try:
        if tier != tiers.H264:
            return "video", [_changed(frame, tier) for frame in decode(path, "video", format)]
        with tempfile.TemporaryDirectory(prefix="tier-") as folder:
            return "video", decode(tiers.h264_clip(path, Path(folder)), "video", "mp4")
    except DecoderDied as death:
        raise MediaError("resource_limit" if death.starved else "undecodable", str(death)) from death


def _format(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        raise MediaError("unreadable", str(error)) from error
    if not head:
        raise MediaError("empty")
    found = format_of(head)
    if found is None:
        raise MediaError("unsupported_type", "no supported format begins like this")
    return found


def _still(path: Path, format: str) -> Frame:
    with path.open("rb") as file:
        row, pixels = stills.render(file, format, smallest=1)
    image = np.frombuffer(pixels, np.uint8).reshape(row["height"], row["width"], 3)
    return Frame(index=0, time=None, image=image, scale=float(row["scale"]))


def _changed(frame: Frame, tier: str) -> Frame:
    """The scale is that to the original still, so that faces are measured in its pixels."""
    if tier == tiers.AS_IS:
        return frame
    image = tiers.change(frame.image, tier)
    shrunk = frame.image.shape[1] / image.shape[1] if tier != "screenshot" else 1 / tiers.SCREEN_SCALE
    return Frame(frame.index, frame.time, image, frame.scale * shrunk)
