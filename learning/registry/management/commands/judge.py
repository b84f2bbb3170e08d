"""`manage.py judge NAME`: the gate, at once and in this terminal."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from learning.registry.changelog import changelog
from learning.registry.errors import RegistryError
from learning.registry.judging import judge_version
from learning.registry.selectors import version_named
from ml_core.errors import WeightsError


class Command(BaseCommand):
    help = "Compare a version with the champion on every frozen set. Exit status 1 where it does not pass."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row = judge_version(version_named(options["name"]), tell=self.stdout.write)
        except (RegistryError, WeightsError) as error:
            raise CommandError(str(error)) from error
        log = changelog(row)
        for line in log.slices:
            self.stdout.write(f"{line.name:<40} {line.items:>13}  {line.difference} ({line.interval})  {line.result}")
        for rule in log.rules:
            self.stdout.write(f"{rule.name:<40} {rule.champion} → {rule.candidate}, limit {rule.limit}: {rule.result}")
        if not row.passed:
            raise CommandError("Refused:\n" + "\n".join(log.reasons), returncode=1)
        self.stdout.write(f"{row.version} passed the gate.")
