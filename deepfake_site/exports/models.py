"""What was asked for, and what became of it. The row is the truth; its task is only the wake-up call."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class DataExport(models.Model):
    """One archive of one person's data.

    queued ──claim──▶ running ──ready──▶ ready ──(time, or by hand)──▶ row and file are gone
      ▲                 │ └──fail──▶ failed
      └──lease ran out──┘
    """

    MAX_ATTEMPTS = 3

    class State(models.TextChoices):
        QUEUED = "queued", "waiting"
        RUNNING = "running", "being made"
        READY = "ready", "ready"
        FAILED = "failed", "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="data_exports")
    state = models.CharField(max_length=7, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    task_id = models.CharField(max_length=32, blank=True, default="")
    size = models.PositiveBigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("owner",), condition=Q(state__in=("queued", "running")), name="export_one_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.owner_id} {self.state}"

    @property
    def is_over(self) -> bool:
        """Nothing more will be done about it."""
        return self.state in {self.State.READY, self.State.FAILED}
