"""The moderation queue, as an application."""

from django.apps import AppConfig


class ModerationConfig(AppConfig):
    name = "detection.moderation"
    label = "moderation"
    default_auto_field = "django.db.models.BigAutoField"
