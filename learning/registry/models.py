"""Model versions, what they were judged on, and how. The weights lie in the models' folder; rows and folders agree."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from detection.models import Detection


class ModelVersion(models.Model):
    """One version folder.

    candidate ──promote──▶ champion ──another is promoted, or rollback──▶ retired
      │ │  ▲                  ▲  ▲                                           │
      │ │  └─end_shadow─┐     │  └────────promote, rollback──────────────────┘
      │ └────shadow──▶ shadow─┘
      └──refuse──▶ refused ◀──refuse── shadow

    At most one champion and at most one shadow, held by the database. `confirmed` is whether the pointer in the models'
    folder is known to name the champion: a promotion writes the rows with their audit event, then the pointer, then
    confirms; `reconcile` ends what was cut off in between, and takes over what was moved on disk while the row was
    confirmed.
    """

    class State(models.TextChoices):
        CANDIDATE = "candidate", "candidate"
        SHADOW = "shadow", "shadow"
        CHAMPION = "champion", "champion"
        RETIRED = "retired", "retired"
        REFUSED = "refused", "refused"

    class Origin(models.TextChoices):
        DISK = "disk", "found in the models' folder"
        FULL = "full", "full training"
        FEEDBACK = "feedback", "fine-tuned on feedback"
        IMPORT = "import", "imported"

    name = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.CANDIDATE)
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.DISK)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    replaced = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    run_id = models.CharField(max_length=36, blank=True, default="", db_index=True)
    manifest_sha256 = models.CharField(max_length=64)
    own_bytes = models.PositiveBigIntegerField(default=0)  # what lies in its own folder
    all_bytes = models.PositiveBigIntegerField(default=0)  # with the files of other versions that it needs
    confirmed = models.BooleanField(default=True)
    reasons = models.JSONField(default=list, blank=True)  # why it was refused: [{"code", "text"}]
    made_at = models.DateTimeField(null=True, blank=True)
    registered_at = models.DateTimeField(default=timezone.now)
    promoted_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    shadow_since = models.DateTimeField(null=True, blank=True)  # the last time; what came before is not asked

    class Meta:
        ordering = ("-registered_at", "-id")
        permissions = (
            ("promote_modelversion", "Can promote and roll back model versions"),
            ("import_modelversion", "Can import and export model versions"),
        )
        constraints = (
            models.UniqueConstraint(fields=("state",), condition=Q(state="champion"), name="registry_one_champion"),
            models.UniqueConstraint(fields=("state",), condition=Q(state="shadow"), name="registry_one_shadow"),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("registry:version", args=[self.name])

    @property
    def is_champion(self) -> bool:
        """Whether the workers answer with it."""
        return self.state == self.State.CHAMPION


class FrozenSet(models.Model):
    """Labelled items that no training may ever read. What was registered stays; a set that is not used is inactive."""

    class Role(models.TextChoices):
        HOLDOUT = "holdout", "held out"
        REGRESSION = "regression", "decided by moderators"
        CANARY = "canary", "canary: answers must not flip"

    name = models.SlugField(max_length=64, unique=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.HOLDOUT)
    manifest = models.CharField(max_length=500, blank=True, default="")
    split = models.CharField(max_length=9, blank=True, default="")
    tier = models.CharField(max_length=16, default="as_is")
    limit = models.PositiveIntegerField(null=True, blank=True)  # at most as many of each source and label are scored
    digest = models.CharField(max_length=64)
    active = models.BooleanField(default=True)
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    registered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class FrozenItem(models.Model):
    """One file of a frozen set, known by its content: renaming a copy does not smuggle it into a training."""

    frozen_set = models.ForeignKey(FrozenSet, on_delete=models.CASCADE, related_name="items")
    sha256 = models.CharField(max_length=64, db_index=True)
    name = models.CharField(max_length=500)
    fake = models.BooleanField()
    source = models.CharField(max_length=64, blank=True, default="")
    family = models.CharField(max_length=64, blank=True, default="")
    group = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("frozen_set", "name"), name="registry_frozen_item"),)

    def __str__(self) -> str:
        return self.name


class Evaluation(models.Model):
    """What the gate said about a version against a champion. Rows are only ever added."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="evaluations")
    champion = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    passed = models.BooleanField()
    report = models.JSONField()  # GateReport.as_dict()
    sets = models.JSONField(default=dict)  # name of each frozen set → its digest
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"{self.version} against {self.champion}: {'passed' if self.passed else 'refused'}"


class ShadowScore(models.Model):
    """What a version in shadow would have said where the champion spoke. Nobody's result depends on it.

    The row is made before the version is asked, so that a file that kills whoever looks at it is asked about once:
    without `answered_at` there was no answer.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="shadow_scores")
    detection = models.ForeignKey(Detection, on_delete=models.CASCADE, related_name="shadow_scores")
    label = models.CharField(max_length=14, choices=Detection.Label.choices, blank=True, default="")
    p_fake = models.FloatField(null=True, blank=True)
    members = models.JSONField(default=dict, blank=True)  # as in Verdict.as_dict()
    asked_at = models.DateTimeField(default=timezone.now, db_index=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-asked_at", "-id")
        constraints = (models.UniqueConstraint(fields=("version", "detection"), name="registry_shadow_once"),)

    def __str__(self) -> str:
        return f"{self.version} on {self.detection_id}: {self.label or 'no answer'}"
