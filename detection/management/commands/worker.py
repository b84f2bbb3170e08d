"""`manage.py worker`: runs clusters of django-q2 and keeps them running."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from detection.supervisor import Supervisor

CLUSTERS = ("default", "light", "training")


class Command(BaseCommand):
    help = "Run the workers of one or several clusters until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--cluster",
            action="append",
            choices=CLUSTERS,
            help="default: detections; light: schedules and small things; training. May be given several times.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        Supervisor(options["cluster"] or ["default"]).run()
