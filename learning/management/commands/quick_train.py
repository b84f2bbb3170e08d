"""`manage.py quick_train`: the same as `python -m ml_core quick_train`."""

import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from django.core.management.base import BaseCommand

from ml_core.training import cli


class Command(BaseCommand):
    """The code of `ml_core.training.cli`."""

    help = "See python -m ml_core quick_train --help."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The arguments of the command without Django."""
        cli.add_train_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Leaves with the command's exit status where it is not 0."""
        if status := cli.run_quick_train(Namespace(**options)):
            sys.exit(status)
