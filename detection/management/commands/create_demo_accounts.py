"""`manage.py create_demo_accounts`: three accounts for a first look, only where nobody is registered yet."""

import secrets
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import transaction

from detection import permissions

ACCOUNTS = {"demo": permissions.USER, "moderator": permissions.MODERATOR, "admin": permissions.ADMIN}


class Command(BaseCommand):
    help = "Make the accounts demo, moderator and admin with random passwords, which are printed once."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, password in self._create().items():
            self.stdout.write(f"  {name:<10} {password}")

    @transaction.atomic
    def _create(self) -> dict[str, str]:
        if User.objects.exists():
            return {}
        self.stdout.write("Demo accounts (these passwords are not shown again):")
        return {name: self._account(name, role) for name, role in ACCOUNTS.items()}

    def _account(self, name: str, role: str) -> str:
        password = secrets.token_urlsafe(12)
        rules_all = role == permissions.ADMIN
        user = User.objects.create_user(name, "", password, is_staff=rules_all, is_superuser=rules_all)
        permissions.give_role(user, role)
        return password
