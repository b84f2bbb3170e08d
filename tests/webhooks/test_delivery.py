"""From the event to the receiver: once each, again after failures, and never for ever."""

import json
import uuid
from datetime import timedelta
from itertools import pairwise
from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone
from django_q.models import OrmQ

from detection import leases, services
from detection.models import AuditEvent, Detection
from detection.webhooks import announce, backoff, outbox, switch, tasks
from detection.webhooks import services as webhooks
from detection.webhooks.delivery import attempt, claim, record
from detection.webhooks.models import WebhookDelivery, WebhookEndpoint
from detection.webhooks.transport import Answer
from tests.factories import make_detection, make_user, make_verdict
from tests.webhooks.receiver import Receiver

IN_TRANSACTIONS = pytest.mark.django_db(transaction=True)


def finished(owner: User, **fields: Any) -> Detection:
    """A detection that goes the usual way to its verdict."""
    detection = make_detection(owner, **fields)
    lease = leases.claim(detection.pk)
    assert lease is not None
    assert services.record_verdict(detection.pk, lease.token, make_verdict())
    return detection


def due_now(delivery: WebhookDelivery) -> None:
    """Time passes."""
    past = timezone.now() - timedelta(seconds=1)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(next_attempt_at=past)
    WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(paused_until=None)


def event_for(endpoint: WebhookEndpoint) -> WebhookDelivery:
    return outbox.put(endpoint, "detection.done", {}, None)


@IN_TRANSACTIONS
class TestEvents:
    def test_verdict_is_delivered(self, owner: User, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
        detection = finished(owner)
        delivery = WebhookDelivery.objects.get()
        (task,) = [row.task for row in OrmQ.objects.filter(key="light")]
        assert (task["func"], task["args"]) == ("detection.webhooks.tasks.deliver", (str(delivery.pk),))
        tasks.deliver(str(delivery.pk))
        (request,) = receiver.requests
        document = json.loads(request.body)
        assert document["schema_version"] == 1
        assert document["type"] == "detection.done"
        assert document["id"] == request.headers["webhook-id"]
        data = document["data"]
        assert (data["detection"]["id"], data["detection"]["label"]) == (str(detection.pk), "FAKE")
        assert data["media"]["sha256"] == detection.media.sha256
        assert data["links"]["page"] == f"/detections/{detection.pk}/"
        delivery.refresh_from_db()
        assert (delivery.state, delivery.response_status, delivery.response_head) == ("delivered", 200, "thank you")

    def test_payload_holds_no_media_and_no_names(
        self, owner: User, endpoint: WebhookEndpoint, receiver: Receiver
    ) -> None:
        finished(owner)
        body = WebhookDelivery.objects.get().body
        assert "portrait.jpg" not in body
        assert owner.username not in body
        assert len(body) < 2000

    def test_failures_and_cancellations_are_announced(self, owner: User, endpoint: WebhookEndpoint) -> None:
        lease = leases.claim(make_detection(owner).pk)
        assert lease
        services.fail_detection(lease.detection_id, lease.token, "undecodable")
        poisoned = make_detection(owner, attempts=Detection.MAX_ATTEMPTS - 1)
        lease = leases.claim(poisoned.pk)
        assert lease
        leases.give_back(lease, "poison")
        services.cancel(make_detection(owner), owner)
        found = [(row.event, json.loads(row.body)["data"]["detection"]) for row in WebhookDelivery.objects.all()]
        assert sorted((event, data["state"], data["error_code"] or "") for event, data in found) == [
            ("detection.cancelled", "cancelled", ""),
            ("detection.failed", "failed", "poison"),
            ("detection.failed", "failed", "undecodable"),
        ]

    def test_decided_case_is_announced(self, owner: User, endpoint: WebhookEndpoint) -> None:
        detection = make_detection(owner, state="done")
        with transaction.atomic():
            announce.case_decided(detection, case=7, verdict="fake", kind="face_swap", decided_at=timezone.now())
        data = json.loads(WebhookDelivery.objects.get(event="case.decided").body)["data"]
        assert (data["case"]["id"], data["case"]["verdict"]) == ("7", "fake")
        assert data["detection"]["id"] == str(detection.pk)

    def test_only_the_owners_listening_endpoints(self, owner: User, stranger: User, loopback: None) -> None:
        webhooks.add(owner, url="http://127.0.0.1:8001/", events=["detection.failed"])
        webhooks.add(stranger, url="http://127.0.0.1:8002/", events=["detection.done"])
        off, _ = webhooks.add(owner, url="http://127.0.0.1:8003/", events=["detection.done"])
        switch.off(off, owner)
        finished(owner)
        assert not WebhookDelivery.objects.exists()

    def test_no_event_without_its_fact(self, owner: User, endpoint: WebhookEndpoint) -> None:
        detection = make_detection(owner)
        assert services.record_verdict(detection.pk, uuid.uuid4(), make_verdict()) is False
        with transaction.atomic():
            announce.detection_finished(make_detection(owner, state="done"))
            transaction.set_rollback(True)
        assert not WebhookDelivery.objects.exists()
        assert not OrmQ.objects.exists()

    def test_log_goes_with_the_deleted_media(self, owner: User, endpoint: WebhookEndpoint) -> None:
        services.delete_media(finished(owner).media, owner)
        assert not WebhookDelivery.objects.exists()

    def test_links_are_whole_where_the_site_knows_its_address(
        self, owner: User, endpoint: WebhookEndpoint, settings: Any
    ) -> None:
        settings.DEEPFAKE_SITE_URL = "https://detect.example.org/"
        detection = finished(owner)
        links = json.loads(WebhookDelivery.objects.get().body)["data"]["links"]
        assert links["page"] == f"https://detect.example.org/detections/{detection.pk}/"


@pytest.mark.django_db
class TestRetries:
    def test_failed_attempt_is_tried_again_later_with_the_same_bytes(
        self, endpoint: WebhookEndpoint, receiver: Receiver
    ) -> None:
        receiver.statuses = [503, 200]
        delivery = event_for(endpoint)
        attempt(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.fault, delivery.attempts) == ("pending", "http_status", 1)
        assert delivery.next_attempt_at > timezone.now()
        attempt(delivery.pk)  # not yet
        assert len(receiver.requests) == 1
        due_now(delivery)
        attempt(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.fault, delivery.attempts) == ("delivered", "", 2)
        assert [entry["status"] for entry in delivery.tries] == [503, 200]
        first, second = receiver.requests
        assert first.body == second.body
        assert first.headers["webhook-id"] == second.headers["webhook-id"]

    def test_waits_grow_and_differ(self) -> None:
        seconds = [backoff.wait_after(failures).total_seconds() for failures in range(1, 12)]
        assert 11 <= seconds[0] <= 19
        assert all(later > sooner for sooner, later in pairwise(seconds[:6]))
        assert max(seconds) <= 6 * 3600 * 1.25
        assert len({backoff.wait_after(5) for _ in range(20)}) > 1

    def test_it_ends_after_the_last_attempt(self, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
        receiver.statuses = [500]
        delivery = event_for(endpoint)
        for _ in range(backoff.MAX_ATTEMPTS + 1):
            due_now(delivery)
            attempt(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts, delivery.fault) == ("failed", backoff.MAX_ATTEMPTS, "http_status")
        assert len(receiver.requests) == backoff.MAX_ATTEMPTS

    def test_failing_endpoint_is_left_alone_with_all_its_events(
        self, endpoint: WebhookEndpoint, receiver: Receiver
    ) -> None:
        receiver.statuses = [500, 200]
        first, second = event_for(endpoint), event_for(endpoint)
        attempt(first.pk)
        attempt(second.pk)
        second.refresh_from_db()
        assert (second.attempts, second.state) == (0, "pending")
        assert len(receiver.requests) == 1
        due_now(first)
        attempt(first.pk)
        attempt(second.pk)  # due at once, since the endpoint answers again
        assert {row.state for row in WebhookDelivery.objects.all()} == {"delivered"}

    def test_lost_tasks_lose_nothing(self, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
        delivery = event_for(endpoint)
        tasks.sweep()
        assert OrmQ.objects.count() == 1  # its task still waits
        OrmQ.objects.all().delete()
        tasks.sweep()
        assert [row.task["args"] for row in OrmQ.objects.all()] == [(str(delivery.pk),)]

    def test_nothing_is_woken_before_its_time(self, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
        receiver.statuses = [500]
        attempt(event_for(endpoint).pk)
        OrmQ.objects.all().delete()
        tasks.sweep()
        assert not OrmQ.objects.exists()

    def test_worker_that_died_leaves_a_row_that_is_due_again(
        self, endpoint: WebhookEndpoint, receiver: Receiver
    ) -> None:
        delivery = event_for(endpoint)
        lost = claim(delivery.pk)
        assert lost is not None
        assert claim(delivery.pk) is None
        due_now(delivery)
        attempt(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts) == ("delivered", 2)
        assert record(lost, Answer("timeout")) is False  # the zombie cannot overwrite
        delivery.refresh_from_db()
        assert delivery.state == "delivered"

    def test_worker_that_died_in_the_last_attempt(self, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
        delivery = event_for(endpoint)
        WebhookDelivery.objects.update(attempts=backoff.MAX_ATTEMPTS)
        attempt(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.fault) == ("failed", "worker_lost")
        assert receiver.requests == []

    def test_log_is_forgotten(self, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
        old, young, waiting = event_for(endpoint), event_for(endpoint), event_for(endpoint)
        attempt(old.pk)
        attempt(young.pk)
        WebhookDelivery.objects.filter(pk=old.pk).update(finished_at=timezone.now() - timedelta(days=31))
        WebhookDelivery.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(days=31))
        tasks.forget()
        assert {row.pk for row in WebhookDelivery.objects.all()} == {young.pk, waiting.pk}


@pytest.mark.django_db
class TestStops:
    def fail(self, endpoint: WebhookEndpoint, times: int) -> None:
        for _ in range(times):
            delivery = event_for(endpoint)
            due_now(delivery)
            attempt(delivery.pk)

    def test_repeated_failure_switches_off_and_says_so(
        self, endpoint: WebhookEndpoint, receiver: Receiver, owner: User
    ) -> None:
        receiver.statuses = [500]
        self.fail(endpoint, backoff.DISABLE_AFTER - 1)
        endpoint.refresh_from_db()
        assert endpoint.enabled
        self.fail(endpoint, 1)
        endpoint.refresh_from_db()
        assert (endpoint.enabled, endpoint.off_reason) == (False, "failures")
        assert AuditEvent.objects.filter(verb="webhook_disabled").count() == 1
        assert not WebhookDelivery.objects.filter(state="pending").exists()
        (notice,) = [row.task for row in OrmQ.objects.all() if row.task["func"].endswith("mail_disabled")]
        tasks.mail_disabled(*notice["args"])
        (message,) = mail.outbox
        assert message.to == [owner.email]
        assert f"/webhooks/{endpoint.pk}/" in message.body

    def test_success_in_between_starts_the_count_anew(self, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
        receiver.statuses = [500] * (backoff.DISABLE_AFTER - 1) + [200] + [500] * (backoff.DISABLE_AFTER - 1)
        self.fail(endpoint, 2 * backoff.DISABLE_AFTER - 1)
        endpoint.refresh_from_db()
        assert (endpoint.enabled, endpoint.failures) == (True, backoff.DISABLE_AFTER - 1)

    def test_gone_switches_off_at_once(self, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
        receiver.statuses = [410]
        self.fail(endpoint, 1)
        endpoint.refresh_from_db()
        assert (endpoint.enabled, endpoint.off_reason) == (False, "gone")

    def test_switched_on_again(self, endpoint: WebhookEndpoint, receiver: Receiver, owner: User) -> None:
        receiver.statuses = [410, 200]
        self.fail(endpoint, 1)
        switch.on(endpoint, owner)
        self.fail(endpoint, 1)
        endpoint.refresh_from_db()
        assert (endpoint.enabled, endpoint.off_reason, endpoint.failures) == (True, "", 0)
        assert WebhookDelivery.objects.filter(state="delivered").count() == 1

    def test_nothing_is_sent_once_it_is_off(self, endpoint: WebhookEndpoint, receiver: Receiver, owner: User) -> None:
        delivery = event_for(endpoint)
        switch.off(endpoint, owner)
        attempt(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.fault) == ("failed", "disabled")
        assert receiver.requests == []

    def test_ping_reaches_an_endpoint_that_is_off_and_counts_nothing(
        self, endpoint: WebhookEndpoint, receiver: Receiver, owner: User
    ) -> None:
        receiver.statuses = [500]
        switch.off(endpoint, owner)
        delivery = webhooks.ping(endpoint, owner)
        attempt(delivery.pk)
        endpoint.refresh_from_db()
        delivery.refresh_from_db()
        assert (delivery.state, endpoint.failures, endpoint.off_reason) == ("failed", 0, "owner")
        assert json.loads(receiver.requests[0].body)["type"] == "ping"


@IN_TRANSACTIONS
def test_two_workers_deliver_one_row_once(receiver: Receiver) -> None:
    endpoint, _ = webhooks.add(make_user(), url=receiver.url, events=["detection.done"])
    deliveries = [event_for(endpoint) for _ in range(3)]
    start = Barrier(4)

    def work() -> None:
        try:
            start.wait()
            for delivery in deliveries:
                attempt(delivery.pk)
        finally:
            connection.close()

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(receiver.requests) == 3
    assert {(row.state, row.attempts) for row in WebhookDelivery.objects.all()} == {("delivered", 1)}
