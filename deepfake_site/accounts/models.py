"""Where somebody is signed in, and how long their files are kept."""

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone


class AccountSession(AbstractBaseSession):
    """A browser's session that knows whose it is: it can be listed and ended from elsewhere."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="sessions"
    )
    agent = models.CharField(max_length=64, blank=True, default="")  # as people call it: "Firefox on Linux"
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.agent or "a browser"

    @classmethod
    def get_session_store_class(cls) -> type:
        from deepfake_site.accounts.session_store import SessionStore  # as Django does: each needs the other

        return SessionStore


class Retention(models.Model):
    """Somebody wants their files removed sooner than the site does."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="retention"
    )
    days = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.owner_id}: {self.days} days"
