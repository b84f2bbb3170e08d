"""Webhooks as the staff sees them: to read. Nobody can point one elsewhere, or read a secret."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from detection.admin import ReadOnlyAdmin
from detection.webhooks.models import WebhookDelivery, WebhookEndpoint


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    """Whose, where to, and how it does."""

    list_display = (
        "description",
        "owner",
        "host",
        "enabled",
        "off_reason",
        "failures",
        "last_success_at",
        "created_at",
    )
    list_filter = ("enabled", "off_reason", "created_at")
    list_select_related = ("owner",)
    search_fields = ("id", "description", "owner__username")
    exclude = ("secret_salt", "secret_sha256", "old_salt", "url")
    readonly_fields = ("host",)

    @admin.display(description="host")
    def host(self, endpoint: WebhookEndpoint) -> str:
        """The path of a webhook is often a secret by itself."""
        return endpoint.host


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """The log of everybody, without the contents, which are the owners'."""

    list_display = (
        "event",
        "endpoint_id",
        "state",
        "attempts",
        "fault",
        "response_status",
        "duration_ms",
        "created_at",
    )
    list_filter = ("state", "event", "fault", "created_at")
    search_fields = ("id", "event_id", "endpoint__owner__username")
    exclude = ("body", "response_head", "claim_token")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Lists need no contents."""
        return super().get_queryset(request).defer("body", "response_head")
