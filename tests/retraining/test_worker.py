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

from learning.registry.reconcile import reconcile
from learning.retraining import leases, services
from learning.retraining.models import RunItem, StepRecord, TrainingRun
from tests.cluster import Worker, running_worker
from tests.retraining.conftest import confirm
from tests.tiny import make_tiny_version

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
CHILD = "ml_core.training.feedback_child"


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


def kill_worker_of_child(worker: Worker) -> None:
    """SIGKILL to the worker; the kernel takes its training process along."""
    worker.wait_for(lambda: worker.find(CHILD))
    child = worker.find(CHILD)
    assert child is not None
    parent = child.parent()
    assert parent is not None
    parent.kill()
    psutil.wait_procs([child], timeout=30)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def brought_back(run: TrainingRun) -> Callable[[], bool]:
    """What the schedule does every minute."""
    return lambda: bool(leases.recover()) or TrainingRun.objects.get(pk=run.pk).is_over


def test_killed_while_it_looks_and_while_it_learns_it_comes_to_its_end(ready: Path) -> None:
    more = {"DEEPFAKE_RETRAINING_ROOT": str(ready / "retraining"), "DEEPFAKE_RETRAIN_LEAST": "4"}
    run = services.start_run(None, TrainingRun.Trigger.COMMAND)

    def row() -> TrainingRun:
        return TrainingRun.objects.get(pk=run.pk)

    with running_worker(ready / "models", "training", **more) as worker:
        kill_worker_of_child(worker)
        TrainingRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
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
