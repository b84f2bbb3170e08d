"""How a cluster's processes tell their supervisor that they are alive: short lines through an inherited pipe.

The database cannot tell one host's stalled cluster from another host's busy one; this is evidence from these very
processes. `u` a worker is up, `s` it started a task, `f` it finished one, `a` the monitor acknowledged one.
"""

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, cast

from django_q import signals

FD_VARIABLE = "DEEPFAKE_PULSE_FD"
Event = Literal["u", "s", "f", "a"]


@dataclass(frozen=True, slots=True)
class Pulse:
    """One event in the process `pid`."""

    event: Event
    pid: int


def connect() -> None:
    """Called when Django starts: does nothing in a process that no supervisor watches."""
    if FD_VARIABLE not in os.environ:
        return
    descriptor = int(os.environ[FD_VARIABLE])
    os.set_blocking(descriptor, False)
    fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)  # for the forked workers, not for what they execute
    events: tuple[tuple[str, Event], ...] = (
        ("post_spawn", "u"),
        ("pre_execute", "s"),
        ("post_execute_in_worker", "f"),
        ("post_execute", "a"),
    )
    for signal, event in events:
        getattr(signals, signal).connect(_sender(descriptor, event), weak=False)


def _sender(descriptor: int, event: Event) -> object:
    """A receiver of django-q2's signals. A supervisor that is gone or slow must not stop the work."""

    def send(**_: object) -> None:
        with suppress(OSError):
            os.write(descriptor, f"{event} {os.getpid()}\n".encode())

    return send


class Listener:
    """The supervisor's end of the pipe of one cluster."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._rest = b""

    def hang_up_writer(self) -> None:
        """The cluster has its own copy now."""
        os.close(self.writer)

    def read(self) -> list[Pulse]:
        """Everything that came since the last call."""
        with suppress(BlockingIOError):
            while chunk := os.read(self._reader, 65536):
                self._rest += chunk
        *lines, self._rest = self._rest.split(b"\n")
        return [_parse(line) for line in lines]

    def close(self) -> None:
        """End of listening."""
        os.close(self._reader)


def _parse(line: bytes) -> Pulse:
    event, pid = line.decode("ascii").split()
    return Pulse(cast(Event, event), int(pid))
