"""Addresses of the token pages, below /accounts/tokens/."""

from django.urls import path

from detection.api import pages

app_name = "tokens"
urlpatterns = [
    path("make/", pages.make, name="make"),
    path("<uuid:token_id>/rotate/", pages.rotate, name="rotate"),
    path("<uuid:token_id>/revoke/", pages.revoke, name="revoke"),
]
