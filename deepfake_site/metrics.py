"""What is counted while requests are served, by prometheus-client.

Several web processes serve one site: each counts into files of its own below PROMETHEUS_MULTIPROC_DIR, which the
settings name, and whichever process is asked adds them up. A label has few values: views by name, never addresses.
"""

import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from deepfake_site.gauges import SiteCollector

KNOWN_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

_registry = CollectorRegistry()  # not the global one: only what stands here
REQUESTS = Counter("deepfake_http_requests", "Answered requests.", ("view", "method", "status"), registry=_registry)
SECONDS = Histogram(
    "deepfake_http_request_seconds",
    "Time until the headers of the answer.",
    ("view",),
    buckets=BUCKETS,
    registry=_registry,
)


class RequestMetricsMiddleware:
    """Counts every request by view, method and status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        directory().mkdir(mode=0o700, parents=True, exist_ok=True)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        view = view_of(request)
        method = request.method if request.method in KNOWN_METHODS else "other"
        REQUESTS.labels(view, method, str(response.status_code)).inc()
        SECONDS.labels(view).observe(time.perf_counter() - started)
        return response


def view_of(request: HttpRequest) -> str:
    """The address by its name; whatever no view answers is one."""
    match = request.resolver_match
    return match.view_name if match else "none"


def directory() -> Path:
    """Where the processes count."""
    return Path(settings.DEEPFAKE_METRICS_DIR)


def exposition() -> bytes:
    """All processes' counts, and the state of the site at this moment."""
    registry = CollectorRegistry()
    directory().mkdir(mode=0o700, parents=True, exist_ok=True)
    MultiProcessCollector(registry, str(directory()))  # type: ignore[no-untyped-call]  # prometheus-client's own
    registry.register(SiteCollector())
    return generate_latest(registry)


def forget() -> int:
    """Remove the counts of processes that ran before; counters may start anew."""
    left = list(directory().glob("*.db")) if directory().is_dir() else []
    for file in left:
        file.unlink(missing_ok=True)
    return len(left)
