"""Starts the decode child, one per file, and reads its answer. No torch, no cv2, no numpy.

The child gets the file as its standard input, so it never learns a name that could mean something to a decoder
(`concat:`, `%d`, `http:`), has no environment but what stands here, and answers with a length, a JSON header and raw
RGB bytes. It is killed at the deadline and when it says more than was asked for.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ml_core.config import MIB, PROJECT_ROOT
from ml_core.errors import ERRORS, MediaError

DEFAULT_MEMORY = 1024 * MIB  # of address space; cv2 alone needs about 300
HEADER_LIMIT = 64 * 1024
STDERR_KEPT = 16 * 1024
STARVED_SIGNALS = frozenset({signal.SIGKILL, signal.SIGXCPU})
# What Python, C++, OpenCV and FFmpeg say when an allocation fails; OpenCV then goes on as if the video had ended.
MEMORY_MARKS = (
    b"Cannot allocate memory",
    b"get_buffer() failed",
    b"Out of memory",
    b"bad_alloc",
    b"Insufficient memory",
)
DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm,flv"
ENVIRONMENT = {
    "PYTHONPATH": str(PROJECT_ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
    "OPENCV_FFMPEG_CAPTURE_OPTIONS": f"protocol_whitelist;file|format_whitelist;{DEMUXERS}",
    "OPENCV_IO_MAX_IMAGE_PIXELS": "50000000",
    "OPENBLAS_NUM_THREADS": "1",  # every thread's stack and arena counts against the address space
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What the child is asked to do."""

    mode: str  # check, frames
    kind: str
    format: str
    frames: int = 1
    cpu_seconds: int = 20
    memory: int = DEFAULT_MEMORY
    nice: int = 0  # 19: whoever else wants the processor gets it


@dataclass(frozen=True, slots=True)
class Answer:
    """The child's header and the pixels that follow it."""

    header: dict[str, Any]
    body: memoryview


class DecoderDied(Exception):
    """The child was killed, hung or answered nonsense: not a verdict on the file, so a worker tries again."""

    def __init__(self, detail: str, *, starved: bool = False) -> None:
        super().__init__(detail)
        self.starved = starved  # of time or memory


def run(path: Path, request: Request, *, timeout: float, body_limit: int = 0) -> Answer:
    """Decodes `path` in a child of its own. Raises MediaError for what the child could name, else DecoderDied."""
    arguments = json.dumps({**asdict(request), "parent": os.getpid()})
    command = [sys.executable, "-P", "-s", "-m", "ml_core.media.decode", arguments]
    with (
        path.open("rb") as file,
        subprocess.Popen(  # noqa: S603 - our own module, no shell, no word from the outside
            command,
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=path.resolve().parent,
            env=ENVIRONMENT,
            start_new_session=True,  # a Ctrl-C at the terminal is for the parent to handle
        ) as process,
    ):
        try:
            output, said = _read(process, time.monotonic() + timeout, 4 + HEADER_LIMIT + body_limit)
        finally:
            process.kill()
        returncode = process.wait()
    return _judge(output, said, returncode)


def _read(process: subprocess.Popen[bytes], deadline: float, limit: int) -> tuple[bytearray, bytes]:
    """Both pipes until they close; of what the libraries print only the end is kept."""
    output, said = bytearray(), b""
    with selectors.DefaultSelector() as selector:
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready and time.monotonic() >= deadline:
                raise DecoderDied("the decoder did not answer in time", starved=True)
            for key, _ in ready:
                chunk = os.read(key.fd, MIB)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    output += chunk
                else:
                    said = _shorten(said + chunk)
            if len(output) > limit:
                raise DecoderDied("the decoder answered more than it was asked for")
        process.wait(max(1.0, deadline - time.monotonic()))
    return output, said


def _shorten(said: bytes) -> bytes:
    """The last words, and a failed allocation wherever it stood."""
    if len(said) <= STDERR_KEPT:
        return said
    mark = next((mark for mark in MEMORY_MARKS if mark in said), b"")
    return mark + b"\n" + said[-STDERR_KEPT // 2 :]


def _judge(output: bytearray, said: bytes, returncode: int) -> Answer:
    """The answer, or the name of what went wrong."""
    out_of_memory = any(mark in said for mark in MEMORY_MARKS)
    if returncode == -signal.SIGXCPU:
        raise MediaError("resource_limit", "processor time")
    if returncode != 0 and out_of_memory:
        raise MediaError("resource_limit", "memory")
    if returncode < 0:
        raise DecoderDied(f"killed by signal {-returncode}", starved=-returncode in STARVED_SIGNALS)
    if returncode > 0:
        raise DecoderDied(f"exit status {returncode}: {said[-500:].decode(errors='replace')}")
    answer = _parse(output)
    code = answer.header.get("error")
    # A decoder without memory only seems to reach the end of the video early.
    if out_of_memory and (code or answer.header.get("short")):
        raise MediaError("resource_limit", "memory")
    if code:
        raise MediaError(code if code in ERRORS else "undecodable", str(answer.header.get("detail", "")))
    return answer


def _parse(output: bytearray) -> Answer:
    """Four bytes of length, the JSON header, the pixels."""
    size = int.from_bytes(output[:4], "big")
    if len(output) < 4 + size or not 0 < size <= HEADER_LIMIT:
        raise DecoderDied("the decoder's answer is cut short")
    try:
        header = json.loads(output[4 : 4 + size])
    except ValueError as error:
        raise DecoderDied("the decoder's answer cannot be read") from error
    if not isinstance(header, dict):
        raise DecoderDied("the decoder's answer cannot be read")
    return Answer(header, memoryview(output)[4 + size :])
