"""What is stored. The row of a detection is the truth; the queue is only the wake-up call."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


def upload_path(media: "MediaFile", name: str) -> str:
    """One random directory per upload; nothing of the person's file name reaches the disk."""
    return f"{media.id.hex}/original.{media.format}"


class MediaFile(models.Model):
    """An accepted upload. The bytes lie in a directory of their own below MEDIA_ROOT and are never public."""

    class Kind(models.TextChoices):
        IMAGE = "image", "picture"
        VIDEO = "video", "video"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="media_files")
    name = models.CharField(max_length=255)
    file = models.FileField(upload_to=upload_path, max_length=255)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    format = models.CharField(max_length=8)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    duration = models.FloatField(null=True, blank=True)
    codec = models.CharField(max_length=16, blank=True, default="")
    animated = models.BooleanField(default=False)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    phash = models.CharField(max_length=16, blank=True, default="")  # similarity.phash_of; empty: nothing to recognise
    provenance = models.JSONField(default=dict, blank=True)  # ml_core.media.provenance.read; empty: not looked at
    may_train = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    purged_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class PhashBand(models.Model):
    """One of four rows of the index in which similarity.near searches: 65536 · band + 16 bits of the hash."""

    media = models.ForeignKey(MediaFile, on_delete=models.CASCADE, related_name="phash_bands")
    key = models.PositiveIntegerField()

    class Meta:
        indexes = (models.Index(fields=("key", "media"), name="detection_phash"),)

    def __str__(self) -> str:
        return f"{self.key} of {self.media_id}"


class Detection(models.Model):
    """One run of the detector over one media file.

    queued ──claim──▶ running ──record_verdict──▶ done
      │  ▲               │ ├──fail_detection────▶ failed
      │  └──requeue──────┘ └──cancel────────────▶ cancelled
      └──cancel──▶ cancelled

    A claim counts an attempt and sets a lease before a byte is decoded; every later write of the worker is
    conditional on that lease. After MAX_ATTEMPTS claims without an end: failed, `poison`.
    """

    MAX_ATTEMPTS = 3

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    class Stage(models.TextChoices):
        WAITING = "waiting", "waiting"
        DECODING = "decoding", "decoding"
        FACES = "faces", "looking for faces"
        MODELS = "models", "asking the models"
        FINISHED = "finished", "finished"

    class Label(models.TextChoices):
        FAKE = "FAKE", "FAKE"
        REAL = "REAL", "REAL"
        INCONCLUSIVE = "INCONCLUSIVE", "INCONCLUSIVE"
        NOT_APPLICABLE = "NOT_APPLICABLE", "NOT APPLICABLE"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="detections")
    media = models.ForeignKey(MediaFile, on_delete=models.CASCADE, related_name="detections")
    batch = models.UUIDField(null=True, blank=True, db_index=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.QUEUED)
    stage = models.CharField(max_length=8, choices=Stage.choices, default=Stage.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    task_id = models.CharField(max_length=32, blank=True, default="")
    error_code = models.CharField(max_length=32, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    label = models.CharField(max_length=14, choices=Label.choices, blank=True, default="")
    reason = models.CharField(max_length=32, blank=True, default="")
    band = models.CharField(max_length=16, blank=True, default="")
    p_fake = models.FloatField(null=True, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    model_version = models.CharField(max_length=64, blank=True, default="")
    device = models.CharField(max_length=64, blank=True, default="")
    elapsed_ms = models.FloatField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)  # Verdict.as_dict(): the whole evidence

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("owner", "-created_at", "-id"), name="detection_history"),
            models.Index(fields=("state", "lease_until"), name="detection_reaper"),
            models.Index(fields=("state", "created_at"), name="detection_queue"),
        )

    def __str__(self) -> str:
        return f"{self.media_id} {self.label or self.state}"

    @property
    def is_over(self) -> bool:
        """Done, failed or cancelled: nothing will change any more."""
        return self.state in {self.State.DONE, self.State.FAILED, self.State.CANCELLED}


class AuditEvent(models.Model):
    """Who did what to which object. Rows are only ever added, and outlive their actor.

    The database itself refuses to change or remove one (migration `audit_guards`). That is why `actor` is no foreign
    key there: deleting an account leaves its number behind, and the digest stays true.
    """

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False
    )
    actor_name = models.CharField(max_length=150, blank=True, default="")
    verb = models.CharField(max_length=32)
    object_type = models.CharField(max_length=32)
    object_id = models.CharField(max_length=36)
    request_id = models.CharField(max_length=36, blank=True, default="")
    data = models.JSONField(default=dict, blank=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    digest = models.CharField(max_length=64)  # audit_chain.digest_of(self)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("object_type", "object_id"), name="detection_audit_object"),)

    def __str__(self) -> str:
        return f"{self.actor_name or 'system'} {self.verb} {self.object_type} {self.object_id}"


class AuditLink(models.Model):
    """The place of an event in the chain. Written by a trigger of the database, when the transaction commits."""

    position = models.BigIntegerField(primary_key=True)  # 1, 2, 3 … without a gap
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="link")
    hash = models.CharField(max_length=64)  # audit_chain.link_hash(the previous one's, event.digest)

    def __str__(self) -> str:
        return f"{self.position} {self.hash}"


class AuditHead(models.Model):
    """Where the chain ends: one row. Without it nobody could tell that the last events were cut off."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="detection_audit_one_head"),)

    def __str__(self) -> str:
        return f"{self.position} {self.hash}"
