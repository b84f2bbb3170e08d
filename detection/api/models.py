"""What the API keeps for itself."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone


class ApiToken(models.Model):
    """A key to the API. Only its SHA-256 is kept, with the first letters by which its owner knows it again.

    active ──revoke──▶ revoked
      │  ╲──rotate──▶ revoked, and a new one takes its place
      └──(time)──▶ expired
    """

    PREFIX = "dfp_"
    VISIBLE = 12  # letters, `dfp_` included

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=VISIBLE)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"

    def state_at(self, moment: datetime) -> str:
        """active, expired or revoked."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= moment else "active"

    @property
    def state(self) -> str:
        """Now."""
        return self.state_at(timezone.now())


class UserQuota(models.Model):
    """What one person may use, where that is not what the settings say. An empty field: as the settings say."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="quota")
    bytes_stored = models.PositiveBigIntegerField(null=True, blank=True)
    uploads_per_hour = models.PositiveIntegerField(null=True, blank=True)
    queued_jobs = models.PositiveIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"quota of {self.user_id}"


class IdempotencyRecord(models.Model):
    """A key that a program has sent, and what became of its request.

    The ids of what the request makes follow from this row's own id. However often, at once or after a crash, the
    same request comes: its rows can be made only once.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="idempotency_records")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    outcomes = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "key"), name="one_record_per_key"),)

    def __str__(self) -> str:
        return f"{self.key} of {self.user_id}"

    def id_of(self, index: int) -> uuid.UUID:
        """The id of the detection of the file at this place of the request."""
        return uuid.uuid5(self.id, str(index))
