"""`python -m ml_core.training.feedback_child --parent PID PLAN.json`: a run in a process of its own.

The worker that started it imports no torch. One JSON object a line on the real standard output; it ends with its
parent, and leaves the processor to whoever else wants it.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from ml_core.errors import WeightsError
from ml_core.host import live_with_parent, offer_to_oom_killer, own_channel

Event = dict[str, Any]
NICE = 19  # the lowest priority: a detection that wants the processor gets it


class Teller:
    """Events to the worker, each at once."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink

    def __call__(self, event: Event) -> None:
        """One line."""
        self._sink.write(json.dumps(event).encode() + b"\n")
        self._sink.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 where the run has a result, also one that improved nothing."""
    parser = argparse.ArgumentParser(prog="python -m ml_core.training.feedback_child", description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="process id of the worker")
    parser.add_argument("plan", type=Path)
    options = parser.parse_args(arguments)
    source, sink = own_channel()
    live_with_parent(options.parent)
    offer_to_oom_killer()
    os.nice(NICE)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    with source, sink:
        return work(Path(options.plan), Teller(sink))


def work(plan: Path, tell: Teller) -> int:
    """A named error is the last event; any other is told by the exit status and the traceback."""
    # torch takes seconds to import: first the process has to be bound to its parent
    from ml_core.training.feedback import NonFinite
    from ml_core.training.feedback_run import NothingToLearn, plan_from, run

    try:
        tell(run(plan_from(json.loads(plan.read_text(encoding="utf-8"))), tell))
    except (WeightsError, NonFinite, NothingToLearn) as error:
        tell({"event": "error", "code": error.code, "detail": str(error)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
