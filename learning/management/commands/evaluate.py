"""`manage.py evaluate`: the same as `python -m ml_core evaluate`."""

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ml_core.evaluation import cli


class Command(BaseCommand):
    """The code of `ml_core.evaluation.cli`."""

    help = "See python -m ml_core evaluate --help."
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """`--version V` names the version to evaluate: here it takes the place of Django's own option."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The arguments of the command without Django."""
        cli.add_evaluate_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Leaves with the command's exit status where it is not 0."""
        if status := cli.run_evaluate(Namespace(**options)):
            sys.exit(status)
