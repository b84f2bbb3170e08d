"""The state of the site as numbers, read from the database when somebody asks."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from django_q.models import OrmQ
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from detection import queue
from detection.models import Detection
from detection.moderation.models import ModerationCase
from detection.moderation.words import State as CaseState
from detection.webhooks.models import WebhookDelivery, WebhookEndpoint
from ml_core.errors import WeightsError
from ml_core.versions import champion

CLUSTERS = ("default", "light", "training")
Family = GaugeMetricFamily


class SiteCollector(Collector):
    """A few grouped queries, each by an index."""

    def collect(self) -> Iterator[Family]:
        yield by_state("deepfake_detections", "Detections by state.", Detection.objects.all(), Detection.State.values)
        yield queue_age()
        yield expired_leases()
        yield waiting_tasks()
        yield by_state("deepfake_moderation_cases", "Cases by state.", ModerationCase.objects.all(), CaseState.values)
        yield by_state(
            "deepfake_webhook_deliveries",
            "Deliveries in the log by state.",
            WebhookDelivery.objects.all(),
            WebhookDelivery.State.values,
        )
        yield webhook_age()
        yield stopped_webhooks()
        yield champion_info()


def by_state(name: str, words: str, rows: QuerySet[Any], states: Iterable[str]) -> Family:
    """One number per state, zeros included: what is absent cannot be alerted on."""
    found = dict(rows.order_by().values_list("state").annotate(count=Count("pk")))
    family = Family(name, words, labels=("state",))
    for state in states:
        family.add_metric((state,), found.get(state, 0))
    return family


def queue_age() -> Family:
    """How long the oldest queued detection has been waiting."""
    oldest = Detection.objects.filter(state=Detection.State.QUEUED).aggregate(at=Min("created_at"))["at"]
    return Family("deepfake_queue_age_seconds", "Age of the oldest queued detection.", value=age(oldest))


def expired_leases() -> Family:
    """Detections whose worker is gone: the reaper should keep this at zero."""
    lost = Detection.objects.filter(state=Detection.State.RUNNING, lease_until__lt=timezone.now())
    return Family("deepfake_expired_leases", "Running detections whose lease ran out.", value=lost.count())


def waiting_tasks() -> Family:
    """What django-q2 has for each cluster, being worked on included."""
    found = dict(OrmQ.objects.order_by().values_list("key").annotate(count=Count("pk")))
    family = Family("deepfake_queue_tasks", "Tasks in the queue of a cluster.", labels=("cluster",))
    for cluster in CLUSTERS:
        family.add_metric((cluster,), found.get(queue.queue_name(cluster), 0))
    return family


def webhook_age() -> Family:
    """How long the most overdue delivery has been due."""
    due = WebhookDelivery.objects.filter(state=WebhookDelivery.State.PENDING, next_attempt_at__lt=timezone.now())
    oldest = due.aggregate(at=Min("next_attempt_at"))["at"]
    return Family("deepfake_webhook_overdue_seconds", "How long the oldest due delivery waits.", value=age(oldest))


def stopped_webhooks() -> Family:
    """Endpoints that were switched off because they failed."""
    stopped = WebhookEndpoint.objects.filter(enabled=False).exclude(off_reason=WebhookEndpoint.Off.OWNER)
    return Family("deepfake_webhooks_stopped", "Webhooks that stopped by themselves.", value=stopped.count())


def champion_info() -> Family:
    """Which model version judges; no sample where none is chosen."""
    family = Family("deepfake_champion_info", "The model version in use.", labels=("version",))
    try:
        family.add_metric((champion(settings.DEEPFAKE_MODELS),), 1)
    except WeightsError:
        return family
    return family


def age(moment: datetime | None) -> float:
    """Seconds since then; none, if there is no then."""
    return max(0.0, (timezone.now() - moment).total_seconds()) if moment else 0.0
