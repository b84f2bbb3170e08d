"""A person's own data as a file, made in the background."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig

SCHEDULES: dict[str, dict[str, Any]] = {
    "exports": {"func": "deepfake_site.exports.tasks.sweep", "schedule_type": "I", "minutes": 1},
}


class ExportsConfig(AppConfig):
    name = "deepfake_site.exports"
    label = "exports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The layer below has the schedules; it cannot know this one."""
        import_module("detection.schedules").SCHEDULES.update(SCHEDULES)
