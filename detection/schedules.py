"""What the light cluster does by the clock. The worker command puts these in place each time it starts.

The applications above this one add theirs when they are ready: nothing here names them.
"""

from typing import Any

from django.db import transaction
from django_q.models import Schedule

SCHEDULES: dict[str, dict[str, Any]] = {
    "reap": {"func": "detection.tasks.reap", "schedule_type": Schedule.MINUTES, "minutes": 1},
    "purge": {"func": "detection.tasks.purge", "schedule_type": Schedule.DAILY},
    "settle": {"func": "detection.moderation.tasks.settle", "schedule_type": Schedule.MINUTES, "minutes": 1},
    "webhooks": {"func": "detection.webhooks.tasks.sweep", "schedule_type": Schedule.MINUTES, "minutes": 1},
    "webhook log": {"func": "detection.webhooks.tasks.forget", "schedule_type": Schedule.DAILY},
}


@transaction.atomic
def ensure() -> None:
    """Make what is missing and mend what is different; when it runs next stays as it was."""
    for name, wanted in SCHEDULES.items():
        values = {**wanted, "cluster": "light", "repeats": -1}
        if not Schedule.objects.filter(name=name).update(**values):
            Schedule.objects.create(name=name, **values)
