"""The messages between a worker and its inference host: a JSON head and raw bytes, each with its length before it.

    worker → host   {"kind", "version", "frames": [{"index", "time", "scale", "shape"}]} + the pixels, one after another
    host → worker   {"stage": name} any number of times, then {"verdict": {…}} or {"error": {"code", "detail"}}

Nothing here is pickled: the host cannot be made to run what a message says. No torch, no cv2.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, BinaryIO

import numpy as np

from ml_core.datatypes import Frame
from ml_core.errors import InferenceError

LENGTHS = struct.Struct(">II")  # bytes of the head, bytes of the body
MAX_HEAD_BYTES = 16 * 1024 * 1024
MAX_BODY_BYTES = 1024 * 1024 * 1024
Head = dict[str, Any]


def write_message(stream: BinaryIO, head: Mapping[str, Any], blobs: Sequence[memoryview] = ()) -> None:
    """Send one message; raises BrokenPipeError when the other side is gone."""
    encoded = json.dumps(head, allow_nan=False).encode()
    stream.write(LENGTHS.pack(len(encoded), sum(blob.nbytes for blob in blobs)))
    stream.write(encoded)
    for blob in blobs:
        stream.write(blob)
    stream.flush()


def read_message(stream: BinaryIO) -> tuple[Head, bytes] | None:
    """The next message, None at a clean end of the stream; raises InferenceError on anything that is not a message."""
    prefix = stream.read(LENGTHS.size)
    if not prefix:
        return None
    if len(prefix) < LENGTHS.size:
        raise InferenceError("the stream ended inside a message")
    head_bytes, body_bytes = LENGTHS.unpack(prefix)
    if head_bytes > MAX_HEAD_BYTES or body_bytes > MAX_BODY_BYTES:
        raise InferenceError(f"a message of {head_bytes} + {body_bytes} bytes is not one of ours")
    head, body = stream.read(head_bytes), stream.read(body_bytes)
    if len(head) < head_bytes or len(body) < body_bytes:
        raise InferenceError("the stream ended inside a message")
    return _parsed(head), body


def _parsed(head: bytes) -> Head:
    try:
        parsed = json.loads(head)
    except (ValueError, RecursionError) as error:
        raise InferenceError("a message head is not JSON") from error
    if not isinstance(parsed, dict):
        raise InferenceError("a message head is not an object")
    return parsed


def pack_frames(frames: Sequence[Frame]) -> tuple[list[Head], list[memoryview]]:
    """What describes the frames, and their pixels without a copy where they lie in one piece."""
    heads = [{"index": f.index, "time": f.time, "scale": f.scale, "shape": list(f.image.shape)} for f in frames]
    return heads, [np.ascontiguousarray(f.image).data.cast("B") for f in frames]


def unpack_frames(heads: Sequence[Head], body: bytes) -> list[Frame]:
    """The frames again; raises InferenceError when the pixels do not fit their description."""
    frames, start = [], 0
    try:
        for head in heads:
            height, width, channels = (int(side) for side in head["shape"])
            size = prod((height, width, channels))
            image = np.frombuffer(body, np.uint8, size, start).reshape(height, width, channels)
            frames.append(Frame(int(head["index"]), head["time"], image, float(head["scale"])))
            start += size
    except (KeyError, TypeError, ValueError) as error:
        raise InferenceError("the frames do not fit their description") from error
    if start != len(body):
        raise InferenceError("the frames do not fit their description")
    return frames
