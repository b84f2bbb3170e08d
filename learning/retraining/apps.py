"""Training runs from feedback: what they may see, how they go, what became of them."""

from typing import Any

from django.apps import AppConfig

SCHEDULES: dict[str, dict[str, Any]] = {
    "retraining": {"func": "learning.retraining.tasks.tick", "schedule_type": "I", "minutes": 1},
}


class RetrainingConfig(AppConfig):
    name = "learning.retraining"
    label = "retraining"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The light cluster looks every minute whether a run is due, and after runs whose worker died."""
        from detection import schedules

        schedules.SCHEDULES.update(SCHEDULES)
