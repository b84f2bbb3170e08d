"""Watches clusters of django-q2 and restarts the group of one that has stopped working.

django-q2 hangs for good, or works on without a guard, when the wrong one of its processes dies. Here a group is judged
once a second, and after two bad readings in a row it is killed and started again; what it had fetched is given back.
"""

import logging
import signal
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from types import FrameType

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from detection import housekeeping, leases, queue, schedules
from detection.cluster_group import ClusterGroup

logger = logging.getLogger(__name__)
READING_SECONDS = 1.0
PACE_SECONDS = 0.2
RECOVERIES_PER_LEASE = 12
BAD_READINGS = 2


class Supervisor:
    """Runs the named clusters until SIGTERM or SIGINT."""

    def __init__(self, clusters: Sequence[str]) -> None:
        self._clusters = tuple(dict.fromkeys(clusters))
        self._stall = float(settings.DEEPFAKE_STALL_SECONDS)
        self._bad: Counter[str] = Counter()
        self._canary_at: dict[str, float] = {}
        self._recover_at = 0.0
        self._stopping = False

    def run(self) -> None:
        """Start everything, watch it, end everything. Nothing is left behind."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        schedules.ensure()
        housekeeping.reap()
        groups: list[ClusterGroup] = []
        try:
            for cluster in self._clusters:
                queue.unlock(cluster)
                groups.append(ClusterGroup(cluster, self._stall))
            self._watch(groups)
        finally:
            _end(groups)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _watch(self, groups: list[ClusterGroup]) -> None:
        due = time.monotonic() + READING_SECONDS
        while not self._stopping:
            time.sleep(PACE_SECONDS)
            if time.monotonic() < due:
                continue
            due = time.monotonic() + READING_SECONDS
            for group in groups:
                self._read(group)
            self._recover()

    def _read(self, group: ClusterGroup) -> None:
        """One reading; the second bad one in a row has consequences."""
        group.listen()
        ailment = group.ailment() or self._stalled(group)
        self._bad[group.cluster] = self._bad[group.cluster] + 1 if ailment else 0
        if self._bad[group.cluster] >= BAD_READINGS:
            logger.error("cluster %s is restarted: %s", group.cluster, ailment)
            self._bad[group.cluster] = 0
            group.restart()
            self._unlock(group.cluster)

    def _stalled(self, group: ClusterGroup) -> str | None:
        """Does work wait although nothing has happened here for a while? A database that is away gives no reading."""
        idle = group.idle_seconds()
        if idle < self._stall / 2:
            return None
        try:
            if self._oldest_waiting(group.cluster) > self._stall and idle > self._stall:
                return "work waits and nothing progresses"
            self._send_canaries(group.cluster)
        except DatabaseError as error:
            logger.warning("no reading of cluster %s: %s", group.cluster, error)
        finally:
            close_old_connections()
        return None

    def _oldest_waiting(self, cluster: str) -> float:
        """Seconds for which a task has been there for the taking; 0 where there is none."""
        now = timezone.now()
        free = OrmQ.objects.filter(key=queue.queue_name(cluster), lock__lte=now).order_by("lock").first()
        return (now - free.lock).total_seconds() if free else 0.0

    def _send_canaries(self, cluster: str) -> None:
        """Where every task is fetched but none is running, they may sit behind a dead worker or with another host.

        A live cluster runs these tasks at once. In a dead one they overflow what it prefetches, and the last one is
        left lying, for the next readings to see.
        """
        fetched = OrmQ.objects.filter(key=queue.queue_name(cluster), lock__gt=timezone.now() + timedelta(seconds=1))
        if time.monotonic() < self._canary_at.get(cluster, 0.0) or not fetched.exists():
            return
        self._canary_at[cluster] = time.monotonic() + 3 * self._stall
        for _ in range(queue.cluster_settings(cluster)["queue_limit"] + 2):
            async_task("detection.tasks.canary", cluster=queue.queue_name(cluster))

    def _unlock(self, cluster: str) -> None:
        try:
            queue.unlock(cluster)
        except DatabaseError as error:
            logger.warning("tasks fetched by the dead group come back by themselves, later: %s", error)
        finally:
            close_old_connections()

    def _recover(self) -> None:
        """Expired leases are found here too, so that a killed worker costs seconds even if no schedule runs."""
        if time.monotonic() < self._recover_at:
            return
        self._recover_at = time.monotonic() + settings.DEEPFAKE_LEASE_SECONDS / RECOVERIES_PER_LEASE
        try:
            leases.recover_expired()
        except DatabaseError as error:
            logger.warning("leases were not checked: %s", error)
        finally:
            close_old_connections()


def _end(groups: list[ClusterGroup]) -> None:
    """Ask politely, wait for the running tasks as long as is allowed, then end every process of every group."""
    for group in groups:
        group.ask_to_stop()
    deadline = time.monotonic() + settings.DEEPFAKE_STOP_GRACE
    while time.monotonic() < deadline and not all(group.has_stopped() for group in groups):
        time.sleep(PACE_SECONDS)
    for group in groups:
        group.kill()
