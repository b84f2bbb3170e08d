"""Webhooks below /api/."""

from django.urls import path

from detection.webhooks import api

urlpatterns = [
    path("webhooks", api.Webhooks.as_view(), name="api_webhooks"),
    path("webhooks/<uuid:endpoint_id>", api.Webhook.as_view(), name="api_webhook"),
    path("webhooks/<uuid:endpoint_id>/secret", api.WebhookSecret.as_view(), name="api_webhook_secret"),
    path("webhooks/<uuid:endpoint_id>/ping", api.WebhookPing.as_view(), name="api_webhook_ping"),
    path("webhooks/<uuid:endpoint_id>/deliveries", api.WebhookDeliveries.as_view(), name="api_webhook_deliveries"),
    path("webhooks/deliveries/<uuid:delivery_id>", api.Delivery.as_view(), name="api_webhook_delivery"),
    path("webhooks/deliveries/<uuid:delivery_id>/redeliver", api.Redelivery.as_view(), name="api_webhook_redeliver"),
]
