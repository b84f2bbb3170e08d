"""Which model versions there are, which one is in force, and what it takes to become it."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig

SCHEDULES: dict[str, dict[str, Any]] = {
    "registry": {"func": "learning.registry.tasks.settle", "schedule_type": "I", "minutes": 1},
    "shadow": {"func": "learning.registry.tasks.wake_shadow", "schedule_type": "I", "minutes": 10},
}


class RegistryConfig(AppConfig):
    name = "learning.registry"
    label = "registry"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Rows and folders are compared by the clock, and by the sanity check."""
        import_module("detection.schedules").SCHEDULES.update(SCHEDULES)
        sanity = import_module("detection.sanity")
        sanity.MORE.append(import_module("learning.registry.sanity").problems)
