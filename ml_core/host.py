"""The inference host, `python -m ml_core.host`: the one process of a worker that imports torch.

It loads a version once, answers requests over its standard streams (`host_protocol`), loads another version when a
request names one, and ends with its parent. Its real standard output is the channel: whatever a library prints goes
to standard error.
"""

import argparse
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ml_core.config import TRAINED_MODELS
from ml_core.errors import InferenceError, WeightsError
from ml_core.host_protocol import Head, read_message, unpack_frames, write_message
from ml_core.versions import champion

if TYPE_CHECKING:
    from ml_core.inference import Predictor

PR_SET_PDEATHSIG = 1
OOM_SCORE = "1000"  # the highest: when memory runs out, the kernel takes the host and never the worker


class Host:
    """Answers one request after the other; holds at most one version."""

    def __init__(self, source: BinaryIO, sink: BinaryIO, root: Path, device: str | None) -> None:
        self._source, self._sink = source, sink
        self._root, self._device = root, device
        self._predictor: Predictor | None = None

    def serve(self) -> None:
        """Until the worker closes its end. A named error is an answer; any other is told and ends the host."""
        while (message := read_message(self._source)) is not None:
            try:
                answer = {"verdict": self._verdict(*message)}
            except (InferenceError, WeightsError) as error:
                answer = _error(error.code, str(error))
            except Exception as error:  # the outermost loop: memory or a device in an unknown state is not used again
                write_message(self._sink, _error("inference_failed", f"{type(error).__name__}: {error}"))
                raise
            write_message(self._sink, answer)

    def _verdict(self, head: Head, body: bytes) -> dict[str, Any]:
        frames = unpack_frames(head["frames"], body)
        predictor = self._loaded(head.get("version"))
        return predictor.predict(frames, head["kind"], self._tell_stage).as_dict()

    def _tell_stage(self, stage: str) -> None:
        write_message(self._sink, {"stage": stage})

    def _loaded(self, version: str | None) -> "Predictor":
        from ml_core.inference import Predictor  # torch: after the process has been set up

        wanted = version or champion(self._root)
        if self._predictor is None or self._predictor.version != wanted:
            self._predictor = None  # first let the old one go: two versions may not fit
            self._predictor = Predictor(self._root, wanted, self._device)
        return self._predictor


def _error(code: str, detail: str) -> dict[str, Any]:
    return {"error": {"code": code, "detail": detail}}


def live_with_parent(parent: int) -> None:
    """The kernel ends this process with the worker's thread that started it; leave at once if it is gone already."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the worker's to answer: it closes this host


def offer_to_oom_killer() -> None:
    """Raise our own badness for the kernel's choice; allowed without privileges."""
    Path("/proc/self/oom_score_adj").write_text(OOM_SCORE, encoding="ascii")


def own_channel() -> tuple[BinaryIO, BinaryIO]:
    """The real standard streams for us alone; libraries get an empty input and standard error."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return source, sink


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until the parent closes our input or dies."""
    parser = argparse.ArgumentParser(prog="python -m ml_core.host", description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="process id of the worker")
    parser.add_argument("--models", type=Path, default=TRAINED_MODELS)
    parser.add_argument("--device", choices=("cpu", "cuda"))
    options = parser.parse_args(arguments)
    source, sink = own_channel()
    live_with_parent(options.parent)
    offer_to_oom_killer()
    Host(source, sink, options.models, options.device).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
