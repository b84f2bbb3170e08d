"""`manage.py compare`: the same as `python -m ml_core compare`."""

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from django.core.management.base import BaseCommand

from ml_core.evaluation import cli


class Command(BaseCommand):
    """The code of `ml_core.evaluation.cli`."""

    help = "See python -m ml_core compare --help."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The arguments of the command without Django."""
        cli.add_compare_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Leaves with the command's exit status where it is not 0."""
        if status := cli.run_compare(Namespace(**options)):
            sys.exit(status)
