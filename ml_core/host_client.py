"""The worker's end of the inference host. It imports neither torch nor cv2.

The host is started by the first request and stays. It is killed, and started again by the next request, when it
does not answer in time, dies, or talks nonsense: to the caller each of these is one InferenceError, an ordinary
failed attempt. The host asks the kernel to end it with the thread that started it: make requests from the thread
that lives as long as the worker.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from ml_core.config import PROJECT_ROOT, TRAINED_MODELS
from ml_core.datatypes import Frame, Kind
from ml_core.errors import InferenceError
from ml_core.host_protocol import pack_frames, read_message, write_message

DEFAULT_TIMEOUT = 300.0  # seconds: the first request also loads and converts the models
Stage = Callable[[str], None]


def _nothing(stage: str) -> None:
    """For callers who do not follow the stages."""


class HostClient:
    """One host process, one request at a time."""

    def __init__(self, root: Path = TRAINED_MODELS, device: str | None = None, nice: int = 0) -> None:
        self._nice = nice  # 19: whoever else wants the processor gets it
        self._command = [sys.executable, "-m", "ml_core.host", "--models", str(root)]
        if device:
            self._command += ["--device", device]
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The running host's process id, None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def predict(
        self,
        frames: Sequence[Frame],
        kind: Kind,
        version: str | None = None,
        on_stage: Stage | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> dict[str, Any]:
        """`Verdict.as_dict()` of these frames by `version` (the champion if None); raises InferenceError."""
        heads, blobs = pack_frames(frames)
        request = {"kind": kind, "version": version, "frames": heads}
        with self._lock:
            return self._ask(request, blobs, on_stage or _nothing, timeout)

    def close(self) -> None:
        """End the host; the next request would start another."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what was not sent to a dead host cannot be flushed either
                cast(BinaryIO, pipe).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, request: dict[str, Any], blobs: list[memoryview], on_stage: Stage, timeout: float) -> dict[str, Any]:
        process = self._running()
        late = threading.Event()
        watchdog = threading.Timer(timeout, _end, (process, late))
        watchdog.daemon = True
        watchdog.start()
        answered = False
        try:
            reply = _exchange(process, request, blobs, on_stage)
            answered = True
        except (OSError, InferenceError) as error:
            why = f"no answer within {timeout:g} s" if late.is_set() else str(error)
            raise InferenceError(f"the inference host failed: {why}") from error
        finally:  # also when a task timeout ends this thread: half a conversation cannot be continued
            watchdog.cancel()
            if not answered:
                self.close()
        return _verdict_of(reply)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603  our own module, by a list
                [*self._command, "--parent", str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=PROJECT_ROOT,
            )
            self._step_back(self._process.pid)
        return self._process

    def _step_back(self, pid: int) -> None:
        """Before it loads anything: its threads inherit the priority."""
        if self._nice:
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, pid, self._nice)


def _end(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    """What happens at the timeout: the read that waits for the host then meets the end of its stream."""
    late.set()
    process.kill()


def _exchange(
    process: subprocess.Popen[bytes], request: dict[str, Any], blobs: list[memoryview], on_stage: Stage
) -> dict[str, Any]:
    """Send the request, pass the stages on, give back the last message."""
    write_message(cast(BinaryIO, process.stdin), request, blobs)
    while True:
        message = read_message(cast(BinaryIO, process.stdout))
        if message is None:
            raise InferenceError("it ended without an answer")
        head, _ = message
        if "stage" not in head:
            return head
        on_stage(str(head["stage"]))


def _verdict_of(reply: dict[str, Any]) -> dict[str, Any]:
    if "verdict" in reply:
        return cast(dict[str, Any], reply["verdict"])
    error = reply.get("error", {})
    raise InferenceError(f"{error.get('code', 'unknown')}: {error.get('detail', '')}")
