"""`manage.py import_model FILE`: a version that another installation exported becomes a candidate here."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from learning.registry.archive import ArchiveError
from learning.registry.archive_import import import_version
from learning.registry.errors import RegistryError
from ml_core.errors import WeightsError


class Command(BaseCommand):
    help = "Take in an exported version. It is a candidate: the gate judges it like any other (manage.py judge NAME)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        trust = "Take an archive without a signature: you know where it comes from."
        parser.add_argument("--trust-unsigned", action="store_true", help=trust)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = import_version(options["file"], trusted=options["trust_unsigned"])
        except ArchiveError as error:
            raise CommandError(f"{error.sentence} ({error})") from error
        except (RegistryError, WeightsError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{version.name} is a candidate now.")
