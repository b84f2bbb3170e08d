"""The bridge from a queued run to its end: freeze, train in a process of its own, judge, tell.

Runs in a worker of the training cluster; torch is imported in the child alone. What is done is written down at once,
so that the next worker goes on: the snapshot, the checkpoint in the run's folder, the result, the registered row.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils import timezone

from learning.retraining import judging, notices, records, services
from learning.retraining.child import TrainingChild
from learning.retraining.leases import Heartbeat, Lease, claim, give_back, held
from learning.retraining.models import TrainingRun
from learning.retraining.plans import code_version, plan_for, run_folder
from learning.retraining.snapshots import freeze
from learning.retraining.unchanged import nothing_new

logger = logging.getLogger(__name__)
State = TrainingRun.State
FLUSH_SECONDS = 0.5
FLUSH_STEPS = 20


class LeaseLost(Exception):
    """Cancelled, or taken over: nothing more may be written."""


@dataclass(slots=True)
class Killer:
    """What has to be ended where the lease is lost; called from the heartbeat's thread."""

    lost: bool = False
    target: Callable[[], None] = field(default=lambda: None)

    def aim(self, target: Callable[[], None]) -> None:
        """What to end from now on; at once where the lease is gone already."""
        self.target = target
        if self.lost:
            target()

    def __call__(self) -> None:
        self.lost = True
        self.target()


def run_training(run_id: int) -> None:
    """One attempt at one run. Nothing happens where it is not queued any more."""
    lease = claim(run_id)
    if lease is None:
        return
    killer = Killer()
    try:
        with Heartbeat(lease, killer):
            _attempt(lease, killer)
    except LeaseLost:
        logger.info("run %s was cancelled or taken over", run_id)
    finally:
        _tidy(run_id)


def _attempt(lease: Lease, killer: Killer) -> None:
    run = _row(lease)
    if run.result is None:
        run = _frozen(lease, run)
        code = nothing_new(run)
        if code:
            _end(lease, State.UNCHANGED, code)
            return
        result = _train(lease, run, killer)
        if result is None:
            return
        _must(services.trained(lease, result))
    if not judging.judge(lease, killer.aim):
        raise LeaseLost


def _row(lease: Lease) -> TrainingRun:
    run = held(lease).select_related("parent", "snapshot", "candidate").first()
    if run is None:
        raise LeaseLost
    return run


def _must(written: bool) -> None:
    if not written:
        raise LeaseLost


def _frozen(lease: Lease, run: TrainingRun) -> TrainingRun:
    """The run with its snapshot; one that goes on keeps what it began with."""
    if run.snapshot is None:
        _must(services.show(lease, "freezing the confirmed items"))
        values = {"code_version": code_version()}
        _must(services.begin(lease, freeze(timezone.now()), **values))
    return _row(lease)


def _end(lease: Lease, state: str, code: str, detail: str = "") -> None:
    _must(services.finish(lease, state, code, detail))
    notices.enqueue(lease.run_id)


def _train(lease: Lease, run: TrainingRun, killer: Killer) -> dict[str, Any] | None:
    """The result where there is a candidate; None where the run ended here."""
    folder = run_folder(run.pk)
    folder.mkdir(parents=True, exist_ok=True)
    plan = plan_for(run)
    _must(held(lease).update(settings=plan["settings"]) == 1)
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    with TrainingChild(folder / "plan.json", folder / "child.log", run.threads) as child:
        killer.aim(child.kill)
        last = Listener(lease).listen(child)
    killer.aim(lambda: None)
    if killer.lost:
        raise LeaseLost
    return _result(lease, run, last, folder / "child.log")


def _result(lease: Lease, run: TrainingRun, last: dict[str, Any], log: Path) -> dict[str, Any] | None:
    if last.get("event") == "error":
        _end(lease, State.FAILED, last["code"], last["detail"])
        return None
    if last.get("event") != "result":
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        logger.error("the training process of run %s died: %s", run.pk, tail)
        _must(give_back(lease, "died", tail.strip().rpartition("\n")[2]))
        return None
    _must(run.snapshot_id is not None and records.answers(lease, run.snapshot_id, last.pop("items")))
    last.pop("event")
    if not last["improved"]:
        _must(held(lease).update(result=last) == 1)
        _end(lease, State.REFUSED, "no_improvement")
        return None
    return last


class Listener:
    """What the training process tells, into rows; steps are written several at once."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._steps: list[dict[str, Any]] = []
        self._flushed = time.monotonic()

    def listen(self, child: TrainingChild) -> dict[str, Any]:
        """Until the end of its events; the last one."""
        last: dict[str, Any] = {}
        for last in child.events():
            self._take(last)
        self._flush()
        return last

    def _take(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "step":
            self._steps.append(event)
            if len(self._steps) >= FLUSH_STEPS or time.monotonic() - self._flushed > FLUSH_SECONDS:
                self._flush()
            return
        self._flush()
        if kind == "looking":
            _must(services.show(self._lease, f"looking at the items: {event['done']} of {event['total']}"))
        elif kind == "training":
            _must(records.resume(self._lease, event["step"], event["steps"]))
        elif kind == "look":
            _must(records.look(self._lease, event))

    def _flush(self) -> None:
        if self._steps:
            _must(records.steps(self._lease, self._steps))
        self._steps, self._flushed = [], time.monotonic()


def _tidy(run_id: int) -> None:
    """The folder of a run that is over; that of one that will go on stays."""
    if TrainingRun.objects.filter(pk=run_id, state__in=TrainingRun.UNFINISHED).exists():
        return
    shutil.rmtree(run_folder(run_id), ignore_errors=True)
