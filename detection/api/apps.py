"""The REST API as an application: its tokens, keys and quotas are rows of its own."""

from importlib import import_module

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "detection.api"
    label = "api"
    verbose_name = "API"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the schema how tokens are sent: importing it does it."""
        import_module("detection.api.schema")
