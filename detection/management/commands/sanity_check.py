"""`manage.py sanity_check`: exit status 1 where rows, files and model versions do not belong together."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from detection.sanity import problems


class Command(BaseCommand):
    help = "Compare the database with the stored media and the model versions with their checksums. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for problem in problems():
            found += 1
            self.stdout.write(problem)
        if found:
            sys.exit(1)
        self.stdout.write("Everything is in its place.")
