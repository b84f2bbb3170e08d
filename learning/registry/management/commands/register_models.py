"""`manage.py register_models`: rows for the versions that lie in the models' folder. `setup` runs it each time."""

from typing import Any

from django.core.management.base import BaseCommand

from learning.registry.reconcile import reconcile


class Command(BaseCommand):
    help = "Register the versions found on disk, and bring the champion's row and the pointer together."

    def handle(self, *args: Any, **options: Any) -> None:
        for sentence in reconcile():
            self.stdout.write(sentence)
