"""The pages below /webhooks/."""

from django.urls import path

from detection.webhooks.views import actions, endpoints

app_name = "webhooks"
urlpatterns = [
    path("", endpoints.endpoints, name="endpoints"),
    path("add/", endpoints.add, name="add"),
    path("<uuid:endpoint_id>/", endpoints.endpoint, name="endpoint"),
    path("<uuid:endpoint_id>/edit/", endpoints.edit, name="edit"),
    path("<uuid:endpoint_id>/delete/", endpoints.delete, name="delete"),
    path("<uuid:endpoint_id>/ping/", actions.ping, name="ping"),
    path("<uuid:endpoint_id>/secret/", actions.renew_secret, name="renew-secret"),
    path("<uuid:endpoint_id>/switch/", actions.turn, name="switch"),
    path("deliveries/<uuid:delivery_id>/", actions.delivery, name="delivery"),
    path("deliveries/<uuid:delivery_id>/redeliver/", actions.redeliver, name="redeliver"),
]
