"""`manage.py promote NAME`: the button of the page, for the terminal."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from learning.registry import services
from learning.registry.errors import RegistryError
from learning.registry.selectors import version_named


class Command(BaseCommand):
    help = "Make a version that passed the gate the champion. Workers answer with it within seconds."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--seen", default="", help="The champion that you mean to replace; another one: refused.")
        parser.add_argument(
            "--unjudged", default="", metavar="REASON", help="Without the gate, for this reason; it is written down."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = {key: options[key] for key in ("seen", "unjudged")}
        try:
            version = services.promote(version_named(options["name"]), None, **chosen)
        except RegistryError as error:
            raise CommandError(f"{error.sentence} ({error})") from error
        self.stdout.write(f"{version.name} is the champion now.")
