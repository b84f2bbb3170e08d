"""The decode child: `python -P -s -m ml_core.media.decode REQUEST < FILE`, started by `runner`.

It confines itself before it imports a library that parses pictures, and answers on standard output with four bytes of
length, a JSON header and raw RGB bytes. Whatever a library prints goes to standard error.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Iterable
from typing import Any, BinaryIO

from ml_core.errors import MediaError

OPEN_FILES = 64
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38

Answer = tuple[dict[str, Any], Iterable[bytes]]


def main() -> None:
    """One request, one answer."""
    request = json.loads(sys.argv[1])
    confine(request["memory"], request["cpu_seconds"], request["parent"])
    os.nice(request["nice"])
    output = take_stdout()
    try:
        header, pictures = _answer(request)
    except MediaError as error:
        header, pictures = {"error": error.code, "detail": error.detail[:500]}, ()
    except MemoryError:
        header, pictures = {"error": "resource_limit", "detail": "memory"}, ()
    _write(output, header, pictures)


def confine(memory: int, cpu_seconds: int, parent: int) -> None:
    """Limits that hold for this process until its end, and a death that follows the parent's."""
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,  # it writes to pipes only
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_AS: memory,
    }
    for name, limit in limits.items():
        resource.setrlimit(name, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))  # SIGXCPU, then SIGKILL
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(1)


def take_stdout() -> BinaryIO:
    """The real standard output for the answer alone; prints of libraries go to standard error."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return output


def _answer(request: dict[str, Any]) -> Answer:
    """Imports only now, under the limits, and only the library that is needed."""
    if request["kind"] == "image":
        from ml_core.media import stills

        if request["mode"] == "check":
            return {"info": _with_provenance(stills.check(sys.stdin.buffer, request["format"]), request)}, ()
        return _framed([stills.render(sys.stdin.buffer, request["format"])])
    from ml_core.media import videos

    if request["mode"] == "check":
        return {"info": _with_provenance(videos.check(request["format"]), request)}, ()
    frames, short = videos.sample(request["format"], request["frames"])
    header, pictures = _framed(frames)
    return {**header, "short": short}, pictures


def _with_provenance(info: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """The file is known to be sound; what it says about itself comes from the same bytes."""
    from ml_core.media import provenance

    return {**info, "provenance": provenance.read(sys.stdin.buffer, request["format"])}


def _framed(frames: list[tuple[dict[str, Any], bytes]]) -> Answer:
    return {"frames": [row for row, _ in frames]}, (pixels for _, pixels in frames)


def _write(output: BinaryIO, header: dict[str, Any], pictures: Iterable[bytes]) -> None:
    head = json.dumps(header).encode()
    output.write(len(head).to_bytes(4, "big") + head)
    for pixels in pictures:
        output.write(pixels)
    output.flush()


if __name__ == "__main__":
    main()
