"""What people say (a claim), what is held to be true (a decision), and how far each person is believed (trust)."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from detection.models import Detection
from learning.feedback.words import Kind, Label, Source


class Subject(models.Model):
    """The bytes that a label is about, whoever uploaded them, however often. Its row is the lock of their decision.

    `cluster` is shared by near-duplicates: the SHA-256 of the first of them.
    """

    sha256 = models.CharField(max_length=64, primary_key=True)
    cluster = models.CharField(max_length=64, db_index=True)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.sha256[:12]


class LabelDecision(models.Model):
    """What is held to be true about a subject, and who says so. At most one stands at a time.

    (rule)──▶ standing ──another ruling──▶ superseded
                  └──nothing supports it any more──▶ revoked

    Superseded and revoked are final: what is decided again is a new row, so that the past stays readable.
    """

    class State(models.TextChoices):
        STANDING = "standing", "standing"
        SUPERSEDED = "superseded", "superseded"
        REVOKED = "revoked", "revoked"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="decisions")
    label = models.CharField(max_length=7, choices=Label.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices, blank=True, default="")
    source = models.CharField(max_length=9, choices=Source.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.STANDING)
    weight = models.FloatField(default=1.0)
    moderators = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="labels_decided")
    reporters = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="labels_supported")
    decided_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-decided_at", "-id")
        indexes = (models.Index(fields=("state", "decided_at"), name="labeldecision_standing"),)
        constraints = (
            models.UniqueConstraint(
                fields=("subject",), condition=models.Q(state="standing"), name="labeldecision_one_stands"
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject_id[:12]} {self.label} ({self.source}, {self.state})"


class Feedback(models.Model):
    """What a person says about the verdict of one detection: a claim, not a label.

    give──▶ pending ──accept──▶ accepted ◀──┐ decided otherwise
             │ ▲ │                │ ▲ ▼     │
             │ │ └───reject──▶ rejected ◀───┘
             │ ├─────reopen: the decision was revoked──┘ (from accepted and rejected)
             │ └──give again──┐
             └──withdraw──▶ withdrawn

    Its giver may change it while it is pending, withdraw it then, and give it again; once decided it stays as it was
    said, or nobody's accuracy could be measured. Accepting, rejecting and reopening follow the subject's decision
    alone. An answer without a claim (not sure) stays pending: there is nothing in it to accept.
    """

    class Answer(models.TextChoices):
        CORRECT = "correct", "Correct"
        INCORRECT = "incorrect", "Incorrect"
        NOT_SURE = "not_sure", "Not sure"

    class State(models.TextChoices):
        PENDING = "pending", "pending"
        ACCEPTED = "accepted", "accepted"
        REJECTED = "rejected", "rejected"
        WITHDRAWN = "withdrawn", "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    detection = models.ForeignKey(Detection, on_delete=models.CASCADE, related_name="feedback")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="feedback")
    answer = models.CharField(max_length=9, choices=Answer.choices)
    claim = models.CharField(max_length=7, choices=Label.choices, blank=True, default="")
    kind = models.CharField(max_length=12, choices=Kind.choices, blank=True, default="")
    how = models.TextField(max_length=2000, blank=True, default="")
    source_url = models.URLField(max_length=500, blank=True, default="")
    state = models.CharField(max_length=9, choices=State.choices, default=State.PENDING)
    decision = models.ForeignKey(
        LabelDecision, null=True, blank=True, on_delete=models.SET_NULL, related_name="feedback"
    )
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "feedback"
        constraints = (models.UniqueConstraint(fields=("detection", "person"), name="feedback_once"),)
        indexes = (
            models.Index(fields=("person", "-created_at", "-id"), name="feedback_own"),
            models.Index(fields=("state", "created_at"), name="feedback_state"),
        )

    def __str__(self) -> str:
        return f"{self.detection_id} {self.answer} ({self.state})"

    @property
    def is_decided(self) -> bool:
        """Accepted or rejected: its giver can no longer change it."""
        return self.state in {self.State.ACCEPTED, self.State.REJECTED}


class ReporterTrust(models.Model):
    """How often a person was right, of the last hundred items that were decided without them. See `trust.py`."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="reporter_trust"
    )
    right = models.PositiveIntegerField(default=0)
    wrong = models.PositiveIntegerField(default=0)
    mean = models.FloatField(default=0.5)
    lower = models.FloatField(default=0.05)
    level = models.CharField(max_length=6, default="low")
    updated_at = models.DateTimeField(default=timezone.now)
    set_aside_at = models.DateTimeField(null=True, blank=True)
    set_aside_by = models.CharField(max_length=150, blank=True, default="")
    set_aside_reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ("lower", "person_id")
        verbose_name = "reporter"
        permissions = (("set_aside_reporter", "Can set a reporter aside and rebuild the labels without them"),)

    def __str__(self) -> str:
        return f"{self.person_id}: {self.level}{' (set aside)' if self.set_aside_at else ''}"


class TrainingConsent(models.Model):
    """What a person wants to happen with what they upload from now on: the upload switch starts there."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="training_consent"
    )
    by_default = models.BooleanField(default=False)
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.person_id}: {'yes' if self.by_default else 'no'}"


class SyncPoint(models.Model):
    """Up to which moment the decisions of the moderators have been read."""

    name = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.at.isoformat()}"
