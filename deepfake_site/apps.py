"""The site itself, as an application, so that its system checks are found."""

from importlib import import_module

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "deepfake_site"

    def ready(self) -> None:
        """Register the checks: importing them does it."""
        import_module("deepfake_site.checks")
