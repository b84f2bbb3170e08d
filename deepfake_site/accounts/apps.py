"""Accounts: profile, sessions, how long files are kept."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig

SCHEDULES: dict[str, dict[str, Any]] = {
    "old sessions": {"func": "deepfake_site.accounts.tasks.clear_sessions", "schedule_type": "D"},
    "chosen retention": {"func": "deepfake_site.accounts.tasks.purge_chosen", "schedule_type": "H"},
}


class AccountsConfig(AppConfig):
    name = "deepfake_site.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The layer below has the schedules; it cannot know these."""
        import_module("detection.schedules").SCHEDULES.update(SCHEDULES)
