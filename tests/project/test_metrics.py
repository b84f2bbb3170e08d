"""/metrics: who may read it, and that its numbers are the site's."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as site
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from deepfake_site import metrics
from detection import queue
from tests.factories import make_detection, make_user

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
IN_ANOTHER_PROCESS = """
import django
django.setup()
from deepfake_site.metrics import REQUESTS
REQUESTS.labels("elsewhere", "GET", "200").inc(3)
"""


@pytest.fixture
def staff_client(roles: None) -> Client:
    client = Client()
    client.force_login(make_user("porter", is_staff=True))
    return client


def samples(client: Client) -> Samples:
    text = client.get("/metrics").content.decode()
    families = text_string_to_metric_families(text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def value(found: Samples, name: str, **labels: str) -> float:
    return found[name, tuple(sorted(labels.items()))]


def test_it_works(staff_client: Client) -> None:
    response = staff_client.get("/metrics")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("token", ["", "wrong"])
def test_others_get_nothing(owner_client: Client, client: Client, settings: Settings, token: str) -> None:
    settings.DEEPFAKE_METRICS_TOKEN = "right" if token else ""
    refused = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Bearer")
    assert owner_client.get("/metrics").status_code == 403
    assert owner_client.post("/metrics").status_code == 405


def test_token_of_the_settings_opens(db: None, client: Client, settings: Settings) -> None:
    settings.DEEPFAKE_METRICS_TOKEN = "right"
    assert client.get("/metrics", headers={"Authorization": "Bearer right"}).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Basic right"}).status_code == 401


def test_state_of_the_site(staff_client: Client, owner: User) -> None:
    now = timezone.now()
    make_detection(owner, state="done")
    waiting = make_detection(owner, created_at=now - timedelta(seconds=90))
    make_detection(owner, created_at=now - timedelta(seconds=30))
    make_detection(owner, state="running", lease_until=now - timedelta(seconds=1))
    queue.wake(waiting.pk)
    found = samples(staff_client)
    counts = {state: value(found, "deepfake_detections", state=state) for state in ("queued", "running", "done")}
    assert counts == {"queued": 2, "running": 1, "done": 1}
    assert value(found, "deepfake_detections", state="failed") == 0
    assert 90 <= value(found, "deepfake_queue_age_seconds") < 120
    assert value(found, "deepfake_expired_leases") == 1
    assert value(found, "deepfake_queue_tasks", cluster="default") == 1
    assert value(found, "deepfake_queue_tasks", cluster="light") == 0


def test_empty_site_has_zeros(staff_client: Client) -> None:
    found = samples(staff_client)
    assert value(found, "deepfake_queue_age_seconds") == 0
    assert value(found, "deepfake_webhook_overdue_seconds") == 0
    assert value(found, "deepfake_webhook_deliveries", state="pending") == 0
    assert value(found, "deepfake_moderation_cases", state="open") == 0


def test_requests_are_counted_by_view_and_never_by_address(staff_client: Client, owner: User) -> None:
    detection = make_detection(owner, state="done")
    before = samples(staff_client).get(
        ("deepfake_http_requests_total", (("method", "GET"), ("status", "404"), ("view", "detection:result"))), 0
    )
    staff_client.get(f"/detections/{detection.pk}/")
    staff_client.get("/no/such/address")
    found = samples(staff_client)
    counted = value(found, "deepfake_http_requests_total", view="detection:result", method="GET", status="404")
    assert counted == before + 1
    assert value(found, "deepfake_http_requests_total", view="none", method="GET", status="404") >= 1
    assert value(found, "deepfake_http_request_seconds_count", view="detection:result") >= 1
    assert str(detection.pk) not in str(found.keys())


def test_processes_count_together(staff_client: Client) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "deepfake_site.settings"}
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS]
    staff_client.get("/metrics")
    subprocess.run(command, check=True, cwd=site.BASE_DIR, env=environment | {"DJANGO_SECRET_KEY": "x" * 50})
    labels = {"view": "elsewhere", "method": "GET", "status": "200"}
    assert value(samples(staff_client), "deepfake_http_requests_total", **labels) == 3


def test_setup_forgets_the_processes_before(settings: Settings, tmp_path: Path) -> None:
    settings.DEEPFAKE_METRICS_DIR = counts = tmp_path / "metrics"
    assert metrics.forget() == 0
    counts.mkdir()
    (counts / "counter_4711.db").write_bytes(b"")
    assert metrics.forget() == 1
    assert list(counts.iterdir()) == []
