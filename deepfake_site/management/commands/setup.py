"""`manage.py setup`: everything that must be there before web and workers start. `make run` calls it each time."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from deepfake_site import metrics, secret_key
from detection import media_store
from learning.registry.seeding import seed


class Command(BaseCommand):
    help = "Make what is missing: keys, directories, database, roles, model versions, frozen sets, demo accounts."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not os.environ.get("DJANGO_SECRET_KEY") and secret_key.make(settings.SECRET_KEY_FILE):
            self.stdout.write(f"New secret key: {settings.SECRET_KEY_FILE}")
        for directory in (media_store.root(), media_store.staging()):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        metrics.forget()
        self._prepare_database(options["verbosity"])
        for sentence in seed():
            self.stdout.write(sentence)
        call_command("register_models", stdout=self.stdout)
        call_command("register_frozen_sets", missing=True, stdout=self.stdout)

    def _prepare_database(self, verbosity: int) -> None:
        """A database that is up to date costs one look at its migrations and nothing more."""
        if connection.vendor == "sqlite":
            Path(connection.settings_dict["NAME"]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA journal_mode=WAL")  # stays in the file
        executor = MigrationExecutor(connection)
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return
        call_command("migrate", interactive=False, verbosity=max(0, verbosity - 1))
        call_command("create_roles", verbosity=0)
        call_command("create_demo_accounts", stdout=self.stdout)
        self.stdout.write("Database ready.")
