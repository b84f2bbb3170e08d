"""The training process, as the worker sees it: it is started, talks in JSON lines, and can be ended at any moment."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

from ml_core.config import PROJECT_ROOT

Event = dict[str, Any]


class TrainingChild:
    """One process for one plan. The kernel ends it with the worker's thread that started it."""

    def __init__(self, plan: Path, log: Path, threads: int) -> None:
        command = [sys.executable, "-m", "ml_core.training.feedback_child", "--parent", str(os.getpid()), str(plan)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"}
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603  our own module, by a list
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=PROJECT_ROOT,
                env=environment,
            )

    def events(self) -> Iterator[Event]:
        """Until it ends; half a line of a killed process is not an event."""
        for line in cast(BinaryIO, self._process.stdout):
            if line.endswith(b"\n"):
                yield json.loads(line)

    def kill(self) -> None:
        """From any thread: whoever reads its events meets their end."""
        with suppress(ProcessLookupError):
            self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self._process.wait()
        cast(BinaryIO, self._process.stdout).close()
