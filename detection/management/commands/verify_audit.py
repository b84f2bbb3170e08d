"""`manage.py verify_audit`: is the audit trail what was written? Exit status 1 where it is not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from detection.audit_chain import GENESIS, head, verify

SHOWN = 20


class Command(BaseCommand):
    help = "Walk the hash chain of the audit trail and say where it breaks. Exit status 1 where it does."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchor",
            metavar="POSITION:HASH",
            help="A head that was noted earlier, outside the database: finds a chain that was made anew as a whole.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        position, end = head() or (0, GENESIS)
        found = 0
        for broken in verify(_anchor(options["anchor"])):
            found += 1
            if found <= SHOWN:
                self.stdout.write(f"BROKEN at {broken}")
        if found:
            raise CommandError(f"The audit trail is not what was written ({found} places; up to {SHOWN} are shown).")
        self.stdout.write(f"The audit trail is sound: {position} events. Head: {position}:{end}")


def _anchor(text: str | None) -> tuple[int, str] | None:
    if not text:
        return None
    position, _, noted = text.partition(":")
    if not position.isdecimal() or len(noted) != len(GENESIS):
        raise CommandError("The anchor has the form POSITION:HASH, as this command prints it.")
    return int(position), noted.lower()
