"""The application that turns clicks into labels."""

from typing import Any

from django.apps import AppConfig

SCHEDULES: dict[str, dict[str, Any]] = {
    "labels": {"func": "learning.feedback.tasks.catch_up", "schedule_type": "I", "minutes": 1},
    "reporters": {"func": "learning.feedback.tasks.refresh_reporters", "schedule_type": "D"},
    "labels-rebuild": {"func": "learning.feedback.tasks.rebuild", "schedule_type": "D"},
}


class FeedbackConfig(AppConfig):
    name = "learning.feedback"
    label = "feedback"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The light cluster reads the moderators' decisions by the clock."""
        from detection import schedules

        schedules.SCHEDULES.update(SCHEDULES)
