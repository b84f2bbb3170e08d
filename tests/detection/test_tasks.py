"""What the clusters do by the clock, and what is brought back after a crash."""

import os
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ, Schedule

from detection import housekeeping, leases, media_store, queue, schedules, tasks
from detection.models import Detection, MediaFile
from tests.factories import make_detection, make_media

pytestmark = pytest.mark.django_db
LONG_AGO = time.time() - 2 * housekeeping.ORPHAN_SECONDS


def age(path: Path) -> None:
    os.utime(path, (LONG_AGO, LONG_AGO))


def test_everything_django_q_calls_answers_none(owner: User) -> None:
    """A result that cannot be pickled would never be acknowledged."""
    for name in ("canary", "reap", "purge"):
        assert import_string(f"detection.tasks.{name}")() is None
    assert import_string("detection.tasks.run_detection")(str(uuid.uuid4())) is None


class TestReaper:
    def test_queued_row_without_a_task_gets_one(self, owner: User) -> None:
        detection = make_detection(owner)
        tasks.reap()
        detection.refresh_from_db()
        assert [row.task_id() for row in OrmQ.objects.all()] == [detection.task_id]

    def test_twice_is_the_same_as_once(self, owner: User) -> None:
        make_detection(owner)
        tasks.reap()
        tasks.reap()
        assert OrmQ.objects.count() == 1

    def test_lost_worker_is_replaced(self, owner: User) -> None:
        detection = make_detection(owner)
        leases.claim(detection.pk)
        Detection.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        tasks.reap()
        detection.refresh_from_db()
        assert (detection.state, OrmQ.objects.count()) == ("queued", 1)

    def test_task_that_was_just_fetched_is_still_alive(self, owner: User) -> None:
        detection = make_detection(owner)
        queue.wake(detection.pk)
        OrmQ.objects.update(lock=timezone.now() + timedelta(seconds=configured.Q_CLUSTER["retry"]))
        tasks.reap()
        assert OrmQ.objects.count() == 1

    def test_task_that_was_fetched_too_long_ago_is_not(self, owner: User) -> None:
        detection = make_detection(owner)
        queue.wake(detection.pk)
        OrmQ.objects.update(lock=timezone.now() + timedelta(seconds=60))
        tasks.reap()
        assert OrmQ.objects.count() == 2

    def test_task_signed_with_another_key_is_replaced(self, owner: User) -> None:
        """The cluster drops what it cannot verify; the row is what counts."""
        detection = make_detection(owner)
        queue.wake(detection.pk)
        OrmQ.objects.update(payload="signed with the key of before")
        tasks.reap()
        detection.refresh_from_db()
        assert detection.task_id in {row.task_id() for row in OrmQ.objects.all()}

    def test_what_a_dead_group_had_fetched_can_be_unlocked(self, owner: User) -> None:
        queue.wake(make_detection(owner).pk)
        OrmQ.objects.update(lock=timezone.now() + timedelta(seconds=1000))
        assert queue.unlock("light") == 0
        assert queue.unlock("default") == 1
        assert OrmQ.objects.get().lock <= timezone.now()

    def test_orphans_go_and_the_rest_stays(self, owner: User, media_root: Path) -> None:
        kept = media_store.directory(make_media(owner).pk)
        fresh = media_root / uuid.uuid4().hex
        orphan = media_root / uuid.uuid4().hex
        staged = media_store.staging() / uuid.uuid4().hex
        foreign = media_root / "lost+found"
        for path in (fresh, orphan, staged, foreign):
            path.mkdir()
            (path / "original").write_bytes(b"bytes")
        for path in (kept, orphan, staged, foreign):
            age(path)
        tasks.reap()
        assert [path.exists() for path in (kept, fresh, foreign, orphan, staged)] == [True, True, True, True, False]
        tasks.purge()
        assert [path.exists() for path in (kept, fresh, foreign, orphan)] == [True, True, True, False]


class TestPurge:
    def test_it_works(self, owner: User) -> None:
        old = make_detection(owner, make_media(owner, created_at=timezone.now() - timedelta(days=31)), state="done")
        young = make_media(owner)
        tasks.purge()
        old.refresh_from_db()
        assert old.media.purged_at is not None
        assert old.result is not None
        assert not media_store.directory(old.media.pk).exists()
        assert media_store.directory(young.pk).exists()
        assert MediaFile.objects.get(pk=young.pk).purged_at is None

    def test_what_is_waited_for_stays(self, owner: User) -> None:
        make_detection(owner, make_media(owner, created_at=timezone.now() - timedelta(days=31)))
        assert housekeeping.purge() == 0

    def test_zero_days_keep_everything(self, owner: User) -> None:
        make_media(owner, created_at=timezone.now() - timedelta(days=1000))
        assert housekeeping.purge(0) == 0


class TestSchedules:
    def test_twice_is_the_same_as_once(self, db: None) -> None:
        schedules.ensure()
        before = set(Schedule.objects.values_list("pk", "name", "next_run"))
        schedules.ensure()
        assert set(Schedule.objects.values_list("pk", "name", "next_run")) == before
        assert {name for _, name, _ in before} == set(schedules.SCHEDULES)
        assert {"reap", "purge", "settle", "webhooks", "labels", "registry", "retraining"} <= set(schedules.SCHEDULES)

    def test_only_the_light_cluster_runs_them(self, db: None) -> None:
        schedules.ensure()
        assert set(Schedule.objects.values_list("cluster", flat=True)) == {"light"}

    def test_a_changed_one_is_mended(self, db: None) -> None:
        schedules.ensure()
        Schedule.objects.filter(name="reap").update(func="os.system", minutes=99)
        schedules.ensure()
        schedule = Schedule.objects.get(name="reap")
        assert (schedule.func, schedule.minutes) == ("detection.tasks.reap", 1)
