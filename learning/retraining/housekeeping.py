"""Every minute: runs whose worker died go on, and a run starts where the schedule says so."""

import logging
from datetime import datetime

from croniter import croniter
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from learning.retraining import leases, services
from learning.retraining.errors import RetrainingError
from learning.retraining.models import RetrainingSchedule, TrainingRun

logger = logging.getLogger(__name__)


def tick(now: datetime | None = None) -> None:
    """May run at any time, twice, and beside itself."""
    if recovered := leases.recover():
        logger.warning("%d training was brought back", recovered)
    if kind := _due(now or timezone.now()):
        try:
            services.start_run(None, TrainingRun.Trigger.SCHEDULE, kind)
        except RetrainingError as error:
            logger.info("the scheduled training did not start: %s", error.code)


def schedule() -> RetrainingSchedule:
    """The one row; at first it says what the settings say."""
    return RetrainingSchedule.objects.get_or_create(pk=1, defaults={"cron": settings.DEEPFAKE_RETRAIN_CRON})[0]


def next_due(row: RetrainingSchedule) -> datetime | None:
    """When the next run starts; None: never."""
    if not row.cron or not croniter.is_valid(row.cron):
        return None
    following: datetime = croniter(row.cron, row.last_due).get_next(datetime)
    return following


@transaction.atomic
def _due(now: datetime) -> str:
    """The kind of run that is due, once: whoever comes second finds the moment taken. Missed moments count once."""
    schedule()
    row = RetrainingSchedule.objects.select_for_update().get(pk=1)
    due = next_due(row)
    if due is None or due > now:
        return ""
    row.last_due = now
    row.save(update_fields=["last_due"])
    return row.kind
