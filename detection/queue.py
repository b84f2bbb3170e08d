"""Waking the workers. A task carries an id and nothing else; the row says what is to be done.

Called inside `atomic()`, the task becomes part of the transaction: row and task are there together or not at all.
"""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from detection.models import Detection


def default_cluster() -> str:
    """The name of the queue that detections wait in."""
    return str(settings.Q_CLUSTER["name"])


def queue_name(cluster: str) -> str:
    """What django-q2 calls the cluster that people call `default`, `light` or `training`."""
    return default_cluster() if cluster == "default" else cluster


def cluster_settings(cluster: str) -> dict[str, int]:
    """The settings of one cluster: its own over the common ones."""
    common = {name: value for name, value in settings.Q_CLUSTER.items() if isinstance(value, int)}
    return {**common, **settings.Q_CLUSTER["ALT_CLUSTERS"].get(cluster, {})}


@transaction.atomic
def wake(detection_id: uuid.UUID) -> None:
    """Enqueue a task for a queued detection; nothing happens where it is not queued any more."""
    if not Detection.objects.select_for_update().filter(pk=detection_id, state=Detection.State.QUEUED).exists():
        return
    task_id = async_task("detection.tasks.run_detection", str(detection_id), cluster=default_cluster())
    Detection.objects.filter(pk=detection_id).update(task_id=task_id)


def wake_forgotten() -> int:
    """Enqueue again the queued detections whose task is gone. A task too many is harmless: its claim fails."""
    waiting = dict(Detection.objects.filter(state=Detection.State.QUEUED).values_list("pk", "task_id"))
    alive = live_tasks("default") if waiting else set()
    forgotten = [pk for pk, task_id in waiting.items() if task_id not in alive]
    for pk in forgotten:
        wake(pk)
    return len(forgotten)


def unlock(cluster: str) -> int:
    """Give back what a dead worker group had fetched; without this it would wait for `retry` seconds."""
    now = timezone.now()
    return int(OrmQ.objects.filter(key=queue_name(cluster), lock__gt=now).update(lock=now))


def live_tasks(cluster: str) -> set[str]:
    """Ids of the tasks that wait, or that were fetched so recently that a worker may still be about to start them."""
    limits = cluster_settings(cluster)
    stale = timezone.now() + timedelta(seconds=limits["retry"] - 2 * limits["timeout"])
    rows = OrmQ.objects.filter(key=queue_name(cluster))
    now = timezone.now()
    return {row.task_id() for row in rows if row.lock <= now or row.lock > stale}
