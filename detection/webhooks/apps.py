"""Webhooks: telling other programs what happened, by signed HTTP requests."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "detection.webhooks"
    label = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"
