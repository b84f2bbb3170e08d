"""The real training cluster, the real training process, a tiny ensemble, and what happens when they are killed."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import psutil
import pytest
import skimage.data
from django.utils import timezone
from pytest_django import Settings

from learning.registry.frozen import register_set
from learning.registry.models import Evaluation
from learning.registry.reconcile import reconcile
from learning.retraining import leases, services
from learning.retraining.models import RunItem, StepRecord, TrainingRun
from tests.cluster import Worker, running_worker
from tests.retraining.conftest import confirm
from tests.tiny import make_tiny_version

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
CHILD = "ml_core.training.feedback_child"
SCORER = "ml_core evaluate"
ITEMS = 100


def portrait(number: int) -> bytes:
    """A photograph of one person (NASA, public domain), each time in another light."""
    picture = cast(np.ndarray[Any, Any], cast(Any, skimage.data).astronaut())[:300, 100:400, ::-1]
    return cv2.imencode(".jpg", np.clip(picture * (0.7 + 0.05 * number), 0, 255).astype(np.uint8))[1].tobytes()


@pytest.fixture
def ready(tmp_path: Path, settings: Settings) -> Path:
    """A tiny champion and eight confirmed items."""
    settings.DEEPFAKE_MODELS = tmp_path / "models"
    settings.DEEPFAKE_RETRAINING_ROOT = tmp_path / "retraining"
    make_tiny_version(settings.DEEPFAKE_MODELS)
    reconcile()
    for number in range(8):
        confirm(number, content=portrait(number), width=300, height=300)
    return tmp_path


def kill_worker_of(worker: Worker, mark: str) -> None:
    """SIGKILL to the worker; the kernel takes along the process that computes for it."""
    worker.wait_for(lambda: worker.find(mark))
    child = worker.find(mark)
    assert child is not None
    parent = child.parent()
    assert parent is not None
    parent.kill()
    psutil.wait_procs([child], timeout=30)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def expire(run: TrainingRun) -> None:
    """The lease of a worker that was never heard of again."""
    TrainingRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def brought_back(run: TrainingRun) -> Callable[[], bool]:
    """What the schedule does every minute."""
    return lambda: bool(leases.recover()) or TrainingRun.objects.get(pk=run.pk).is_over


def test_killed_while_it_looks_and_while_it_learns_it_comes_to_its_end(ready: Path) -> None:
    more = {"DEEPFAKE_RETRAINING_ROOT": str(ready / "retraining"), "DEEPFAKE_RETRAIN_LEAST": "4"}
    run = services.start_run(None, TrainingRun.Trigger.COMMAND)

    def row() -> TrainingRun:
        return TrainingRun.objects.get(pk=run.pk)

    with running_worker(ready / "models", "training", **more) as worker:
        kill_worker_of(worker, CHILD)
        expire(run)
        worker.wait_for(brought_back(run))
        worker.kill(CHILD)  # this time the training process alone: its worker notices and tries again
        worker.wait_for(lambda: row().is_over)
    done = row()
    assert done.state in (TrainingRun.State.CANDIDATE, TrainingRun.State.REFUSED), (done.code, done.detail)
    assert done.attempts == 3
    numbers = list(StepRecord.objects.filter(run=run).values_list("number", flat=True))
    assert numbers == list(range(done.steps))
    assert RunItem.objects.filter(run=run, error="").count() == 8
    assert not (ready / "retraining" / "runs" / str(run.pk)).exists()
    assert list((ready / "retraining" / "features").glob("*/*.safetensors"))


def frozen_portraits(folder: Path) -> None:
    """A frozen set of stills that takes a while to answer."""
    rows = ["path,label,source,family,group,split"]
    folder.mkdir()
    for number in range(ITEMS):
        (folder / f"{number}.jpg").write_bytes(portrait(number % 12) + bytes([number]))
        rows.append(f"{number}.jpg,{'fake' if number % 2 else 'real'},lab,swap,g{number},val")
    (folder / "lab.csv").write_text("\n".join(rows))
    register_set("lab", folder / "lab.csv", "val")


def test_killed_while_both_versions_are_asked_it_goes_on_with_what_is_not_answered(
    ready: Path, settings: Settings
) -> None:
    """The training is done; the scoring of the frozen set, its process and its worker are the real ones."""
    settings.DEEPFAKE_EVALUATIONS = ready / "evaluations"
    more = {name: str(getattr(settings, name)) for name in ("DEEPFAKE_EVALUATIONS", "DEEPFAKE_RETRAINING_ROOT")}
    frozen_portraits(ready / "lab")
    run = services.start_run(None, TrainingRun.Trigger.COMMAND)
    make_tiny_version(settings.DEEPFAKE_MODELS, f"r{run.pk}", seed=1, champion=False)
    TrainingRun.objects.filter(pk=run.pk).update(result={"version": f"r{run.pk}"})

    def answered() -> list[str]:
        logs = (ready / "evaluations").glob("lab/*/answers-*.jsonl")
        return [line for log in logs for line in log.read_text().splitlines() if line.endswith("}")]

    with running_worker(ready / "models", "training", **more) as worker:
        worker.wait_for(lambda: len(answered()) > 2)
        kill_worker_of(worker, SCORER)
        assert len(answered()) < ITEMS, "the process that asks outlived its worker"
        expire(run)
        worker.wait_for(brought_back(run))
        worker.wait_for(lambda: TrainingRun.objects.get(pk=run.pk).is_over)
        assert worker.find(SCORER) is None
    done = TrainingRun.objects.get(pk=run.pk)
    assert done.state in (TrainingRun.State.CANDIDATE, TrainingRun.State.REFUSED), (done.code, done.detail)
    assert (done.attempts, done.code) == (2, "")
    report = Evaluation.objects.get(version__name=f"r{run.pk}")
    assert report.champion.name == "tiny"
    assert (report.version.state == "candidate") == report.passed
    assert len(answered()) == 2 * ITEMS, "each item was asked once of each version"
