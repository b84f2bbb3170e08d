"""One cluster of django-q2 in a process group of its own, and what can be seen of its health from outside."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil
from django.conf import settings

from detection import pulse

logger = logging.getLogger(__name__)
START_SECONDS = 60.0
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def _end_with_supervisor() -> None:
    """In the new process, before it executes: a supervisor that is killed takes its cluster with it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class ClusterGroup:
    """main ─ sentinel ─ pusher, monitor, worker ─ inference host, decode child: all of them in one group."""

    def __init__(self, cluster: str, stall: float) -> None:
        self.cluster = cluster
        self._stall = stall
        self._start()

    def _start(self) -> None:
        self._pulses = pulse.Listener()
        environment = {**os.environ, pulse.FD_VARIABLE: str(self._pulses.writer)}
        environment.pop("Q_CLUSTER_NAME", None)
        if self.cluster != "default":
            environment["Q_CLUSTER_NAME"] = self.cluster
        self._main = subprocess.Popen(
            [sys.executable, "-m", "django", "qcluster", "--skip-checks"],
            cwd=settings.BASE_DIR,
            env=environment,
            pass_fds=(self._pulses.writer,),
            process_group=0,
            preexec_fn=_end_with_supervisor,  # the supervisor has one thread
        )
        self._pulses.hang_up_writer()
        self._sentinel: psutil.Process | None = None
        self._busy: set[int] = set()
        self._up = False
        self._unacknowledged: list[float] = []
        self._last_pulse = self._started = time.monotonic()

    def restart(self) -> None:
        """Kill what is left of the group and start afresh."""
        self.kill()
        self._start()

    def ask_to_stop(self) -> None:
        """The gentle way: the running task is finished first."""
        if self._main.poll() is None:
            self._main.terminate()

    def has_stopped(self) -> bool:
        """Main is the last one to go when it goes by itself."""
        return self._main.poll() is not None

    def kill(self) -> None:
        """End every process of the group, whoever its parent is by now."""
        with suppress(ProcessLookupError):
            os.killpg(self._main.pid, signal.SIGKILL)
        self._main.wait()
        self._pulses.close()

    def listen(self) -> None:
        """Take in what the processes said since the last time."""
        for heard in self._pulses.read():
            self._last_pulse = time.monotonic()
            if heard.event == "u":
                self._up = True
            elif heard.event == "s":
                self._busy.add(heard.pid)
            elif heard.event == "f":
                self._busy.discard(heard.pid)
                self._unacknowledged.append(self._last_pulse)
            elif self._unacknowledged:
                self._unacknowledged.pop(0)
        self._busy = {pid for pid in self._busy if _is_alive(pid)}

    def idle_seconds(self) -> float:
        """How long nothing has been done here; 0 while a task is running, or as long as no worker is up."""
        return 0.0 if self._busy or not self._up else time.monotonic() - self._last_pulse

    def ailment(self) -> str | None:
        """What is wrong with the processes themselves, if anything."""
        if self._main.poll() is not None:
            return "its main process is gone"
        if self._sentinel_is_gone():
            return "its sentinel is gone"
        now = time.monotonic()
        if not self._up and now - self._started > START_SECONDS:
            return "no worker came up"
        if self._unacknowledged and now - self._unacknowledged[0] > self._stall:
            return "a finished task is not acknowledged"
        return None

    def _sentinel_is_gone(self) -> bool:
        """Main's only child with children of its own; others come and go while main starts."""
        if self._sentinel is None:
            with suppress(psutil.NoSuchProcess):
                children = psutil.Process(self._main.pid).children()
                self._sentinel = next((child for child in children if child.children()), None)
            return False
        return not _is_alive(self._sentinel.pid)


def _is_alive(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False
