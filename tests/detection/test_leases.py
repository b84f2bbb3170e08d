"""Who may work on a detection: claims, heartbeats, lost workers."""

import threading
import time
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from detection import leases
from detection.models import AuditEvent, Detection
from tests.factories import make_detection, make_user

pytestmark = pytest.mark.django_db


def claimed(detection: Detection) -> leases.Lease:
    lease = leases.claim(detection.pk)
    assert lease is not None
    return lease


def expire(detection: Detection) -> None:
    Detection.objects.filter(pk=detection.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_it_works(owner: User) -> None:
    detection = make_detection(owner)
    lease = claimed(detection)
    detection.refresh_from_db()
    assert (detection.state, detection.stage, detection.attempts) == ("running", "decoding", 1)
    assert detection.lease_token == lease.token
    assert detection.lease_until is not None
    assert detection.lease_until > timezone.now()


def test_second_claim_fails(owner: User) -> None:
    detection = make_detection(owner)
    claimed(detection)
    assert leases.claim(detection.pk) is None
    detection.refresh_from_db()
    assert detection.attempts == 1


@pytest.mark.parametrize("state", ["running", "done", "failed", "cancelled"])
def test_only_queued_rows_are_claimed(owner: User, state: str) -> None:
    assert leases.claim(make_detection(owner, state=state).pk) is None


def test_unknown_detection_is_not_claimed() -> None:
    assert leases.claim(uuid.uuid4()) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_claimers_one_wins() -> None:
    detection = make_detection(make_user())
    start = threading.Barrier(6)
    won: list[leases.Lease] = []

    def contend() -> None:
        start.wait()
        if lease := leases.claim(detection.pk):
            won.append(lease)
        connection.close()

    threads = [threading.Thread(target=contend) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    detection.refresh_from_db()
    assert [lease.token for lease in won] == [detection.lease_token]
    assert detection.attempts == 1


def test_extending_needs_the_lease(owner: User) -> None:
    detection = make_detection(owner)
    lease = claimed(detection)
    expire(detection)
    assert leases.extend(lease)
    detection.refresh_from_db()
    assert detection.lease_until is not None
    assert detection.lease_until > timezone.now()
    assert not leases.extend(leases.Lease(detection.pk, uuid.uuid4()))


def test_given_back_waits_again_with_a_task(owner: User) -> None:
    detection = make_detection(owner)
    assert leases.give_back(claimed(detection), "poison")
    detection.refresh_from_db()
    assert (detection.state, detection.stage, detection.attempts) == ("queued", "waiting", 1)
    assert detection.lease_token is None
    assert [row.task_id() for row in OrmQ.objects.all()] == [detection.task_id]


@pytest.mark.parametrize("code", ["poison", "inference_failed"])
def test_third_attempt_is_the_last(owner: User, code: str) -> None:
    detection = make_detection(owner)
    for _ in range(Detection.MAX_ATTEMPTS):
        assert leases.give_back(claimed(detection), code)
    detection.refresh_from_db()
    assert (detection.state, detection.error_code, detection.attempts) == ("failed", code, 3)
    assert detection.finished_at is not None
    assert leases.claim(detection.pk) is None
    assert AuditEvent.objects.get(verb="failed").data == {"code": code}


def test_expired_lease_is_recovered_once(owner: User) -> None:
    detection = make_detection(owner)
    old = claimed(detection)
    expire(detection)
    assert leases.recover_expired() == 1
    assert leases.recover_expired() == 0
    assert OrmQ.objects.count() == 1
    assert claimed(detection).token != old.token
    assert not leases.extend(old)


def test_good_lease_is_left_alone(owner: User) -> None:
    detection = make_detection(owner)
    lease = claimed(detection)
    assert leases.recover_expired() == 0
    assert leases.extend(lease)


def test_worker_that_dies_three_times_makes_poison(owner: User) -> None:
    detection = make_detection(owner)
    for _ in range(Detection.MAX_ATTEMPTS):
        claimed(detection)
        expire(detection)
        assert leases.recover_expired() == 1
    detection.refresh_from_db()
    assert (detection.state, detection.error_code) == ("failed", "poison")


@pytest.mark.django_db(transaction=True)
def test_heartbeat_keeps_the_lease(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beats ten times a second, of a lease so long that no busy machine sleeps through its end."""
    settings.DEEPFAKE_LEASE_SECONDS = 60
    monkeypatch.setattr(leases, "BEATS_PER_LEASE", 600)
    detection = make_detection(make_user())
    lease = claimed(detection)
    almost_over = timezone.now() + timedelta(seconds=20)
    Detection.objects.filter(pk=detection.pk).update(lease_until=almost_over)
    with leases.Heartbeat(lease) as heartbeat:
        deadline = time.monotonic() + 30
        while Detection.objects.get(pk=detection.pk).lease_until == almost_over:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert leases.recover_expired() == 0
        assert not heartbeat.lost.is_set()


@pytest.mark.django_db(transaction=True)
def test_heartbeat_notices_the_loss(settings: Settings) -> None:
    settings.DEEPFAKE_LEASE_SECONDS = 0.4
    detection = make_detection(make_user())
    with leases.Heartbeat(claimed(detection)) as heartbeat:
        Detection.objects.filter(pk=detection.pk).update(state="cancelled", lease_token=None)
        assert heartbeat.lost.wait(30)
