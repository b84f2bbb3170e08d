"""`manage.py rollback`: the version that the champion replaced comes back."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from learning.registry import services
from learning.registry.errors import RegistryError


class Command(BaseCommand):
    help = "Bring back the version that the champion replaced. Workers answer with it within seconds."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seen", default="", help="The champion that is to go; another one by now: refused.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = services.rollback(None, seen=options["seen"])
        except RegistryError as error:
            raise CommandError(f"{error.sentence} ({error})") from error
        self.stdout.write(f"{version.name} is the champion again.")
