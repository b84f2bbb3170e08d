"""`manage.py prune_media`: retention by hand; the light cluster does the same once a day."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from detection.housekeeping import purge


class Command(BaseCommand):
    help = "Remove the bytes of media that is older than the retention time. Results stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=settings.DEEPFAKE_RETENTION_DAYS,
            help="Keep younger media (default %(default)s; 0 keeps everything).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Files removed: {purge(options['days'])}")
