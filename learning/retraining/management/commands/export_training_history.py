"""`manage.py export_training_history`: every run as JSON."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from learning.retraining.exports import training_history


class Command(BaseCommand):
    help = "Write the history of all trainings as JSON, to standard output or to a file. It names nobody."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, help="the file to write")
        parser.add_argument("--without-steps", action="store_true", help="leave the single steps out")

    def handle(self, *args: Any, **options: Any) -> None:
        text = json.dumps(training_history(steps=not options["without_steps"]), indent=1, sort_keys=True)
        if options["out"]:
            options["out"].write_text(text + "\n", encoding="utf-8")
        else:
            self.stdout.write(text)
