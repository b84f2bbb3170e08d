"""What is stored about flagged results: cases, decisions, appeals, reports, known cases, news for owners, templates."""

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from detection.models import Detection, MediaFile
from detection.moderation.words import (
    OPEN_STATES,
    VERDICT_OF_LABEL,
    AppealState,
    Confidence,
    FakeKind,
    Ground,
    Reason,
    Round,
    State,
    Verdict,
)


class ModerationCase(models.Model):
    """One flagged result that people look at.

      open ──decide──┬─────────────────────────────────────────────▶ decided ──appeal──▶ appealed
       │             └─against a sure model, or unsure─▶ second       ▲  ▲ ▲               │
       │                                                 │  │same────┘  │ └──────decide────┘
       └──────────escalate──────▶ escalated ◀──other─────┘  │            │   (upheld or overturned)
                                    │  ▲────────escalate────┘            │
                                    └──decide by a lead──────────────────┘

    Undo takes one decision back for as long as it is not settled (UNDO_SECONDS).
    Whoever works on a case holds its lease: `holder` until `held_until`, one person, freed by time or by button.
    Nobody decides twice on one detection, and nobody on what is their own.

    `rank` is the logarithm of the priority, less the time at which the case began to wait. Waiting adds the same to
    every case, so that the order by `rank` never changes while time goes by, and an index can hold it (priority.py).

    A known case (`is_gold`) looks and behaves like any other; its owner never hears of it, no label comes from it.
    """

    detection = models.ForeignKey(Detection, on_delete=models.CASCADE, related_name="cases")
    media_kind = models.CharField(max_length=5, choices=MediaFile.Kind.choices)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    reasons = models.CharField(max_length=128)  # the codes in alphabetical order, separated by commas
    flags = models.JSONField(default=dict)  # code → when it was flagged, and the measured value

    uncertainty = models.FloatField()
    disagreement = models.FloatField()
    trust = models.FloatField(null=True, blank=True)  # of the most trusted reporter; None: nobody reported it
    rank = models.FloatField()

    opened_at = models.DateTimeField(default=timezone.now)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="held_cases"
    )
    held_until = models.DateTimeField(null=True, blank=True)

    verdict = models.CharField(max_length=12, choices=Verdict.choices, blank=True, default="")
    kind = models.CharField(max_length=12, choices=FakeKind.choices, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)  # its consequences were drawn (settlement.py)

    is_gold = models.BooleanField(default=False)
    gold_label = models.CharField(max_length=12, choices=Verdict.choices, blank=True, default="")

    class Meta:
        ordering = ("-rank", "id")
        permissions = (
            ("decide_case", "Can claim and decide cases"),
            ("lead_case", "Can decide escalated cases and see how moderators agree"),
        )
        constraints = (
            models.UniqueConstraint(fields=("detection",), condition=Q(is_gold=False), name="one_case_per_detection"),
        )
        # Each serves one filter of the queue, in its order; settled cases, which are almost all of them, are in none.
        indexes = (
            models.Index(fields=("-rank", "id"), condition=Q(state__in=OPEN_STATES), name="case_queue"),
            models.Index(
                fields=("media_kind", "-rank", "id"), condition=Q(state__in=OPEN_STATES), name="case_queue_kind"
            ),
            models.Index(
                fields=("reasons", "-rank", "id"), condition=Q(state__in=OPEN_STATES), name="case_queue_reasons"
            ),
            models.Index(
                fields=("reasons", "media_kind", "state", "opened_at"),
                condition=Q(state__in=OPEN_STATES),
                name="case_queue_counts",
            ),
            models.Index(fields=("holder", "held_until"), condition=Q(holder__isnull=False), name="case_held"),
            models.Index(fields=("decided_at",), name="case_decided"),
            models.Index(fields=("decided_at",), condition=Q(state="decided", settled_at=None), name="case_unsettled"),
        )

    def __str__(self) -> str:
        return f"case {self.pk} {self.verdict or self.state}"

    @property
    def media(self) -> MediaFile:
        return self.detection.media

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def reason_codes(self) -> list[str]:
        return [code for code in self.reasons.split(",") if code]

    @property
    def reason_words(self) -> list[str]:
        """Why it was flagged, for people."""
        return [Reason(code).label for code in self.reason_codes]

    @property
    def machine_verdict(self) -> str:
        """What the machine said, in the words in which people decide."""
        return VERDICT_OF_LABEL.get(self.detection.label, "")

    @property
    def standing(self) -> Iterable["Decision"]:
        """The decisions that were not taken back, oldest first; prefetched where selectors have done so."""
        return sorted((one for one in self.decisions.all() if one.undone_at is None), key=lambda one: one.pk)

    @property
    def moderators(self) -> list[int]:
        """Ids of those who decided; deleted accounts are not among them."""
        return [one.moderator_id for one in self.standing if one.moderator_id is not None]


class Decision(models.Model):
    """What one person decided about a case. Kept when it was taken back, and when its author's account is gone."""

    case = models.ForeignKey(ModerationCase, on_delete=models.CASCADE, related_name="decisions")
    detection = models.ForeignKey(Detection, on_delete=models.CASCADE, related_name="human_decisions")
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="decisions"
    )
    round = models.CharField(max_length=6, choices=Round.choices)
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    kind = models.CharField(max_length=12, choices=FakeKind.choices, blank=True, default="")
    ground = models.CharField(max_length=10, choices=Ground.choices)
    confidence = models.CharField(max_length=6, choices=Confidence.choices)
    note = models.TextField(blank=True, default="", max_length=4000)
    claimed_at = models.DateTimeField()
    decided_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)
    before = models.JSONField(default=dict)  # of the case: what an undo brings back

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("case", "moderator"), condition=Q(undone_at=None), name="one_decision_per_person"
            ),
        )
        indexes = (
            models.Index(fields=("moderator", "-decided_at"), name="decision_load"),
            models.Index(fields=("moderator", "detection"), condition=Q(undone_at=None), name="decision_once"),
        )

    def __str__(self) -> str:
        return f"{self.verdict} on case {self.case_id}"


class Appeal(models.Model):
    """The owner says that people were wrong: once per case, decided by somebody who has not decided before."""

    case = models.OneToOneField(ModerationCase, on_delete=models.CASCADE, related_name="appeal")
    text = models.TextField(max_length=4000)
    against = models.CharField(max_length=12, choices=Verdict.choices)
    against_kind = models.CharField(max_length=12, choices=FakeKind.choices, blank=True, default="")
    state = models.CharField(max_length=10, choices=AppealState.choices, default=AppealState.PENDING)
    answer = models.TextField(blank=True, default="", max_length=4000)  # to the owner
    created_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=("created_at",), name="appeal_created"),)

    def __str__(self) -> str:
        return f"appeal on case {self.case_id}: {self.state}"


class Report(models.Model):
    """One person disputes one result. Goes with the person's account."""

    detection = models.ForeignKey(Detection, on_delete=models.CASCADE, related_name="reports")
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reports")
    text = models.TextField(blank=True, default="", max_length=4000)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("detection", "reporter"), name="one_report_per_person"),)

    def __str__(self) -> str:
        return f"report on {self.detection_id}"


class KnownItem(models.Model):
    """A detection whose truth is known: mixed into the queue now and then, it measures the moderators."""

    detection = models.OneToOneField(Detection, on_delete=models.CASCADE, related_name="known")
    label = models.CharField(max_length=12, choices=Verdict.choices)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)
    mixed_at = models.DateTimeField(null=True, blank=True, db_index=True)

    def __str__(self) -> str:
        return f"known to be {self.label}: {self.detection_id}"


class OwnerNotice(models.Model):
    """News for the owner. Waits a few minutes, so that a quick correction is told once and a retraction not at all."""

    case = models.ForeignKey(ModerationCase, on_delete=models.CASCADE, related_name="notices")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="moderation_notices")
    told_before = models.CharField(max_length=12, choices=Verdict.choices)  # what the owner knew when this began
    told = models.CharField(max_length=12, choices=Verdict.choices, blank=True, default="")
    answers_appeal = models.BooleanField(default=False)
    due_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("case",), condition=Q(told_at=None, dropped_at=None), name="one_waiting_notice"
            ),
        )
        indexes = (
            models.Index(fields=("due_at",), condition=Q(told_at=None, dropped_at=None), name="notice_due"),
            models.Index(fields=("told_at",), condition=Q(mailed_at=None), name="notice_unmailed"),
            models.Index(fields=("owner",), condition=Q(seen_at=None, told_at__isnull=False), name="notice_unseen"),
        )

    def __str__(self) -> str:
        return f"notice on case {self.case_id}"


class DecisionTemplate(models.Model):
    """A prepared decision: fills the form, decides nothing."""

    name = models.CharField(max_length=80, unique=True)
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    kind = models.CharField(max_length=12, choices=FakeKind.choices, blank=True, default="")
    ground = models.CharField(max_length=10, choices=Ground.choices)
    confidence = models.CharField(max_length=6, choices=Confidence.choices)
    note = models.TextField(blank=True, default="", max_length=4000)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "name")

    def __str__(self) -> str:
        return self.name
