"""How often and how much: throttles, their headers, and what is left of the quotas."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from deepfake_site import environment as env
from deepfake_site.cache import CountingFileCache
from tests.api.conftest import problem_of
from tests.factories import make_detection, token_client


@pytest.fixture(autouse=True)
def slow(settings: Settings) -> None:
    settings.DEEPFAKE_API_RATES = {**settings.DEEPFAKE_API_RATES, "detect:read": 2}


def test_one_too_many(program: Client) -> None:
    answers = [program.get("/api/history") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert problem_of(answers[2]) == "rate_limited"
    assert 1 <= int(answers[2]["Retry-After"]) <= 60
    assert (answers[0]["RateLimit-Limit"], answers[0]["RateLimit-Policy"]) == ("2", "2;w=60")


def test_each_scope_and_each_person_by_themselves(program: Client, owner: User, stranger: User) -> None:
    for _ in range(3):
        program.get("/api/history")
    assert token_client(owner).get("/api/history").status_code == 429
    assert program.get("/api/tokens").status_code == 200
    assert token_client(stranger).get("/api/history").status_code == 200


COUNT_UP = """
import sys
from deepfake_site.cache import CountingFileCache
cache = CountingFileCache(sys.argv[1], {})
for _ in range(50):
    cache.incr("hits")
"""


def test_several_processes_count_together(tmp_path: Path) -> None:
    cache = CountingFileCache(str(tmp_path), {})
    cache.add("hits", 0, timeout=60)
    command = [sys.executable, "-c", COUNT_UP, str(tmp_path)]
    workers = [subprocess.Popen(command, cwd=site_settings.BASE_DIR) for _ in range(2)]
    assert [worker.wait() for worker in workers] == [0, 0]
    assert cache.get("hits") == 100


def test_usage(program: Client, owner: User, settings: Settings) -> None:
    media = make_detection(owner, state="done").media
    body = program.get("/api/usage").json()
    limit = settings.DEEPFAKE_QUOTAS["bytes_stored"]
    assert body["quotas"]["bytes_stored"] == {"limit": limit, "used": media.size, "remaining": limit - media.size}
    assert body["detections"] == {"queued": 0, "running": 0, "done": 1, "failed": 0, "cancelled": 0}
    assert body["requests_per_minute"]["detect:read"] == 2


def test_rates_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATES", "detect:read=5")
    assert env.rates("RATES", {"detect:read": 600, "account": 60}) == {"detect:read": 5, "account": 60}
    for wrong in ("detect:reed=5", "detect:read", "detect:read=many"):
        monkeypatch.setenv("RATES", wrong)
        with pytest.raises(ImproperlyConfigured):
            env.rates("RATES", {"detect:read": 600})


def test_the_cache_is_files_or_redis(tmp_path: Path) -> None:
    assert env.cache("", tmp_path)["BACKEND"] == "deepfake_site.cache.CountingFileCache"
    assert env.cache("redis://cache:6379/0", tmp_path)["BACKEND"].endswith("RedisCache")
    with pytest.raises(ImproperlyConfigured):
        env.cache("memcached://cache", tmp_path)
