"""The application that takes media and answers with verdicts."""

from importlib import import_module

from django.apps import AppConfig


class DetectionConfig(AppConfig):
    name = "detection"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """In a watched cluster, report its pulse to the supervisor."""
        import_module("detection.pulse").connect()
