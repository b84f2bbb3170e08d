"""`manage.py create_roles`: the groups user, moderator, lead and admin."""

from typing import Any

from django.core.management.base import BaseCommand

from detection.permissions import ROLES, create_roles


class Command(BaseCommand):
    help = "Make the groups user, moderator, lead and admin, each with its permissions. May be run again at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        create_roles()
        if options["verbosity"]:
            self.stdout.write(f"Roles: {', '.join(ROLES)}")
