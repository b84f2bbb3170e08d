"""`manage.py export_audit`: the audit trail as a file."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from detection.audit_export import FORMATS, rows
from detection.models import AuditEvent


class Command(BaseCommand):
    help = "Write the audit trail in the order of its chain, as JSON Lines or CSV."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=sorted(FORMATS), default="jsonl", help="default %(default)s")
        parser.add_argument("--output", type=Path, help="A new file; without it, standard output.")
        parser.add_argument("--since", type=_moment, help="Events from this time on, as 2026-11-26T00:00Z.")

    def handle(self, *args: Any, **options: Any) -> None:
        events = AuditEvent.objects.all()
        if options["since"]:
            events = events.filter(at__gte=options["since"])
        _, lines = FORMATS[options["format"]]
        if options["output"] is None:
            for line in lines(rows(events)):
                self.stdout.write(line, ending="")
            return
        try:
            with options["output"].open("x", encoding="utf-8", newline="") as file:
                file.writelines(lines(rows(events)))
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror}") from error


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    if moment is None:
        raise CommandError(f"{text!r} is not a time such as 2026-11-26T00:00Z.")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
