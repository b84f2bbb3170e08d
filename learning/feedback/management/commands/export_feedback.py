"""`manage.py export_feedback`: every answer and every label decision as JSON."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from learning.feedback.exports import lines


class Command(BaseCommand):
    """To the standard output, or with --output to a file that is complete or not there."""

    help = "Writes the feedback log with its label decisions as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, help="a file; without it, the standard output")
        parser.add_argument("--names", action="store_true", help="with account names, and not only their numbers")

    def handle(self, *args: Any, output: Path | None = None, names: bool = False, **options: Any) -> None:
        if output is None:
            for text in lines(names):
                self.stdout.write(text, ending="")
            return
        part = output.with_name(f"{output.name}.part")
        try:
            with part.open("w", encoding="utf-8") as file:
                file.writelines(lines(names))
            part.replace(output)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}") from error
