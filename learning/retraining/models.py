"""Snapshots, runs and what happened in every step. The row of a run is the truth; the queue is the wake-up call."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from detection.models import MediaFile
from learning.registry.models import ModelVersion


class Share(models.TextChoices):
    TRAIN = "train", "trained on"
    HELD_OUT = "held_out", "held out"


class Snapshot(models.Model):
    """What a run may see, frozen: equal data gives the same row, and its hash tells whether anything is new."""

    digest = models.CharField(max_length=64, unique=True)
    split_by = models.CharField(max_length=6, default="person")
    left_out = models.JSONField(default=dict, blank=True)  # why → how many
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.digest[:12]


class SnapshotItem(models.Model):
    """One labelled item. It outlives its media as a hash and a label; the next snapshot is made without it."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="items")
    media = models.ForeignKey(MediaFile, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    sha256 = models.CharField(max_length=64, db_index=True)
    fake = models.BooleanField()
    weight = models.FloatField()
    share = models.CharField(max_length=8, choices=Share.choices)
    source = models.CharField(max_length=16, blank=True, default="")
    labelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("sha256",)
        constraints = (models.UniqueConstraint(fields=("snapshot", "sha256"), name="retraining_item_once"),)

    def __str__(self) -> str:
        return f"{self.sha256[:12]} {'fake' if self.fake else 'real'}"


class TrainingRun(models.Model):
    """One training from feedback.

    queued ──claim──▶ running ──trained──▶ evaluating ──gate passed──▶ candidate
      │  ▲              │ │ │                │ │  └──gate refused────▶ refused
      │  └──requeue─────┘ │ └──no improvement─────────────────────────▶ refused
      │  ▲                ├──nothing new─────▶ unchanged
      │  └──requeue──────────────────────────┘ │
      └──cancel──▶ cancelled ◀──cancel──┴──────┤        fail (from running and evaluating) ──▶ failed

    A claim counts an attempt and sets a lease; every later write of the worker is conditional on it. After
    MAX_ATTEMPTS claims without an end: failed, `gave_up`. `slot` is 1 until the end and unique, so that the database
    allows one unfinished run.
    """

    MAX_ATTEMPTS = 5

    class State(models.TextChoices):
        QUEUED = "queued", "waiting"
        RUNNING = "running", "training"
        EVALUATING = "evaluating", "being judged"
        CANDIDATE = "candidate", "candidate"
        REFUSED = "refused", "refused"
        UNCHANGED = "unchanged", "nothing new"
        CANCELLED = "cancelled", "cancelled"
        FAILED = "failed", "failed"

    class Trigger(models.TextChoices):
        BUTTON = "button", "the learning page"
        ADMIN = "admin", "the administration"
        API = "api", "the API"
        COMMAND = "command", "the command line"
        SCHEDULE = "schedule", "the schedule"

    class Kind(models.TextChoices):
        SMALL = "small", "small: heads, gate and calibration"
        FULL = "full", "full: the deep layers as well"

    UNFINISHED = (State.QUEUED, State.RUNNING, State.EVALUATING)

    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    slot = models.PositiveSmallIntegerField(null=True, blank=True, unique=True, default=1)
    trigger = models.CharField(max_length=8, choices=Trigger.choices)
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.SMALL)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="training_runs"
    )
    parent = models.ForeignKey(ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="runs_from")
    candidate = models.OneToOneField(
        ModelVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="training_run"
    )
    snapshot = models.ForeignKey(Snapshot, null=True, blank=True, on_delete=models.PROTECT, related_name="runs")
    seed = models.PositiveIntegerField(default=1)
    threads = models.PositiveSmallIntegerField(default=1)
    code_version = models.CharField(max_length=64, blank=True, default="")
    settings = models.JSONField(default=dict, blank=True)
    stage = models.CharField(max_length=80, blank=True, default="")
    step = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    task_id = models.CharField(max_length=32, blank=True, default="")
    code = models.CharField(max_length=32, blank=True, default="")  # why it ended as it did: a key of errors.ERRORS
    detail = models.CharField(max_length=500, blank=True, default="")
    result = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        permissions = (("start_run", "Can train on feedback and cancel trainings"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(slot__isnull=False, slot=1, state__in=("queued", "running", "evaluating"))
                | Q(slot=None) & ~Q(state__in=("queued", "running", "evaluating")),
                name="retraining_slot_until_the_end",
            ),
        )

    def __str__(self) -> str:
        return f"Run {self.pk}: {self.get_state_display()}"

    @property
    def is_over(self) -> bool:
        """Nothing will change any more."""
        return self.state not in self.UNFINISHED


class StepRecord(models.Model):
    """One step: see `ml_core.training.feedback.Step`."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="step_records")
    number = models.PositiveIntegerField()
    loss = models.FloatField()
    kl = models.FloatField()
    grad_norm = models.FloatField()
    reward = models.FloatField()
    before = models.FloatField()
    after = models.FloatField()
    improved = models.PositiveIntegerField()
    items = models.PositiveIntegerField()

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("run", "number"), name="retraining_step_once"),)

    def __str__(self) -> str:
        return f"step {self.number}"


class LookRecord(models.Model):
    """A look at the held-out items in the middle of a run: see `ml_core.training.feedback.Look`."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="looks")
    step = models.PositiveIntegerField()
    objective = models.FloatField()
    loss = models.FloatField()
    accuracy = models.FloatField()
    kl = models.FloatField()
    kept = models.BooleanField()

    class Meta:
        ordering = ("step",)
        constraints = (models.UniqueConstraint(fields=("run", "step"), name="retraining_look_once"),)

    def __str__(self) -> str:
        return f"look at step {self.step}"


class RunItem(models.Model):
    """P(fake) of one item before and after a run; the error's code where it could not be read."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="run_items")
    item = models.ForeignKey(SnapshotItem, on_delete=models.CASCADE, related_name="run_items")
    before = models.FloatField(null=True, blank=True)
    after = models.FloatField(null=True, blank=True)
    error = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        ordering = ("item__sha256",)
        constraints = (models.UniqueConstraint(fields=("run", "item"), name="retraining_run_item_once"),)

    def __str__(self) -> str:
        return f"{self.item}: {self.before} → {self.after}"


class RetrainingSchedule(models.Model):
    """When trainings start by themselves: one row, edited in the administration. An empty expression: never."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    cron = models.CharField(max_length=100, blank=True, default="")
    kind = models.CharField(max_length=5, choices=TrainingRun.Kind.choices, default=TrainingRun.Kind.SMALL)
    last_due = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "schedule of trainings"
        verbose_name_plural = "schedule of trainings"
        constraints = (models.CheckConstraint(condition=Q(id=1), name="retraining_one_schedule"),)

    def __str__(self) -> str:
        return self.cron or "never"
