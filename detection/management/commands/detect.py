"""`manage.py detect`: the verdicts of the site without the web."""

import sys
from argparse import Namespace
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ml_core import cli_predict


class Command(BaseCommand):
    """The same code as `python -m ml_core predict`."""

    help = cli_predict.DESCRIPTION
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """See `cli_predict.add_arguments`."""
        cli_predict.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Leaves with the command's exit status where it is not 0."""
        if status := cli_predict.run(Namespace(**options), self.stdout):
            sys.exit(status)
