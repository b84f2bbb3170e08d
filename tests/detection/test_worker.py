"""A real cluster with the real decode child and inference host, and what happens when its processes are killed."""

from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from django.contrib.auth.models import User
from django_q.models import OrmQ
from django_q.tasks import async_task

from detection import queue
from detection.models import AuditEvent, Detection
from tests.cluster import Worker, running_worker
from tests.factories import jpeg_bytes, make_detection, make_media, make_user
from tests.tiny import make_tiny_version

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    make_tiny_version(root)
    return root


def submitted(owner: User, shade: int) -> Detection:
    content = jpeg_bytes(colour=(shade, shade, shade))
    detection = make_detection(owner, make_media(owner, content))
    queue.wake(detection.pk)
    return detection


def state_of(detection: Detection) -> str:
    return Detection.objects.values_list("state", flat=True).get(pk=detection.pk)


def ended(worker: Worker, detection: Detection) -> tuple[str, str, int]:
    """Wait for the end; how it ended, with which code, after how many attempts. It must have ended once."""
    worker.wait_for(lambda: Detection.objects.get(pk=detection.pk).is_over)
    detection.refresh_from_db()
    verbs = AuditEvent.objects.filter(object_id=str(detection.pk)).values_list("verb", flat=True)
    assert list(verbs) == [detection.state]
    return detection.state, detection.error_code, detection.attempts


def test_everything_is_done_once_and_nothing_is_left_behind(models: Path) -> None:
    owner = make_user()
    detections = [submitted(owner, shade) for shade in (60, 120, 180, 240)]
    with running_worker(models, "default", "light") as worker:
        assert [ended(worker, detection) for detection in detections] == [("done", "", 1)] * 4
        worker.wait_for(lambda: not OrmQ.objects.exists())
        assert detections[0].model_version == "tiny"
        family = worker.family()
        worker.stop()
        assert worker.process.returncode == 0
        assert not [process for process in family if process.is_running() and process.status() != "zombie"]


def test_killed_in_the_middle(models: Path) -> None:
    """Each detection still ends done, exactly once; a file that always kills its reader is given up."""
    owner = make_user()
    with running_worker(models) as worker:
        detection = submitted(owner, 10)
        worker.kill("ml_core.host")  # while it loads the models for this request
        assert ended(worker, detection) == ("done", "", 2)

        detection = submitted(owner, 20)
        worker.kill("ml_core.media.decode")
        assert ended(worker, detection) == ("done", "", 2)

        detection = submitted(owner, 30)
        worker.wait_for(lambda: state_of(detection) == "running")
        worker.kill("qcluster", "processing")
        assert ended(worker, detection) == ("done", "", 2)

        detection = submitted(owner, 40)
        killed: set[int] = set()
        while len(killed) < Detection.MAX_ATTEMPTS:
            killed.add(worker.kill("ml_core.media.decode"))
        assert ended(worker, detection) == ("failed", "poison", 3)


def canary_is_run(worker: Worker) -> None:
    async_task("detection.tasks.canary", cluster=queue.queue_name("default"))
    worker.wait_for(lambda: not OrmQ.objects.exists())


def whole_cluster(worker: Worker, instead_of: int) -> dict[str, psutil.Process]:
    """The processes of a cluster that is up, and is not the one whose main process was `instead_of`."""
    found: dict[str, psutil.Process] = {}

    def look() -> bool:
        with suppress(psutil.NoSuchProcess):
            for name in ("idle", "monitor"):
                process = worker.find("qcluster", name)
                sentinel = process.parent() if process else None
                main = sentinel.parent() if sentinel else None
                if process and sentinel and main and main.ppid() == worker.process.pid and main.pid != instead_of:
                    found.update({name: process, "sentinel": sentinel, "main": main})
        return len(found) == 4

    worker.wait_for(look)
    return found


def test_broken_cluster_is_replaced(models: Path) -> None:
    """The four deaths after which django-q2 hangs, or goes on without a guard."""
    broken = 0
    with running_worker(models) as worker:
        for victim in ("main", "sentinel", "idle", "monitor"):
            cluster = whole_cluster(worker, broken)
            canary_is_run(worker)
            cluster[victim].kill()
            broken = cluster["main"].pid
            canary_is_run(worker)
        whole_cluster(worker, broken)
        canary_is_run(worker)
