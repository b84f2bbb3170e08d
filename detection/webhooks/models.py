"""Where events go, and what became of each. The row of a delivery is the truth; its task is only the wake-up call."""

import uuid
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.utils import timezone

from detection.models import Detection
from detection.webhooks.events import ALL_WORDS
from detection.webhooks.targets import MAX_LENGTH


class WebhookEndpoint(models.Model):
    """An address of one person, with the events that it wants.

    enabled ──disable (by its owner; failures; 410 Gone; secret lost)──▶ off ──enable──▶ enabled
    """

    class Off(models.TextChoices):
        OWNER = "owner", "switched off by its owner"
        FAILURES = "failures", "too many failures in a row"
        GONE = "gone", "the receiver answered 410 Gone"
        SECRET = "secret", "the signing secret cannot be read any more"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=MAX_LENGTH)
    description = models.CharField(max_length=100, blank=True, default="")
    events = models.JSONField(default=list)
    enabled = models.BooleanField(default=True)
    off_reason = models.CharField(max_length=8, choices=Off.choices, blank=True, default="")
    off_at = models.DateTimeField(null=True, blank=True)

    secret_salt = models.CharField(max_length=64)
    secret_sha256 = models.CharField(max_length=64)
    secret_hint = models.CharField(max_length=16)
    old_salt = models.CharField(max_length=64, blank=True, default="")
    old_until = models.DateTimeField(null=True, blank=True)  # until then the old secret signs as well

    failures = models.PositiveSmallIntegerField(default=0)  # in a row
    paused_until = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        return self.description or self.host

    @property
    def title(self) -> str:
        """What its owner knows it by."""
        return self.description or self.url

    @property
    def host(self) -> str:
        """Where it is, without the path, which is often a secret by itself."""
        return urlsplit(self.url).hostname or ""

    @property
    def off_words(self) -> str:
        """Why it is off."""
        return self.Off(self.off_reason).label if self.off_reason else ""


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint.

    pending ──an attempt succeeds──▶ delivered
       │ ▲
       │ └─ an attempt fails, and it was not the last: due again at next_attempt_at
       └──the last attempt fails, or the endpoint is switched off──▶ failed

    Whoever claims it counts an attempt, sets a token and moves next_attempt_at past the longest that an attempt can
    take: a worker that dies leaves a row that is simply due again. Only the token's holder may write the outcome.
    """

    class State(models.TextChoices):
        PENDING = "pending", "waiting"
        DELIVERED = "delivered", "delivered"
        FAILED = "failed", "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=24, choices=list(ALL_WORDS.items()))
    event_id = models.UUIDField(default=uuid.uuid4)
    # Its results go with a deleted detection, also those in this log.
    detection = models.ForeignKey(Detection, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    redelivery_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    by_hand = models.BooleanField(default=False)
    body = models.TextField()

    state = models.CharField(max_length=9, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    claim_token = models.UUIDField(null=True, blank=True)
    task_id = models.CharField(max_length=32, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    fault = models.CharField(max_length=24, blank=True, default="")  # of the last attempt: a key of errors.FAULTS
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response_head = models.TextField(blank=True, default="")
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    tries = models.JSONField(default=list, blank=True)  # one entry per attempt that ended: at, status, fault, duration

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "webhook deliveries"
        indexes = (
            models.Index(fields=("endpoint", "-created_at", "-id"), name="webhook_log"),
            models.Index(fields=("state", "next_attempt_at"), name="webhook_due"),
        )

    def __str__(self) -> str:
        return f"{self.event} {self.state}"
