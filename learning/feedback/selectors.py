"""What may be read of feedback: one's own, and what a training run may learn from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.http import Http404

from detection.models import Detection, MediaFile
from detection.moderation.access import moderates
from detection.moderation.models import ModerationCase
from detection.selectors import detections_visible_to
from learning.feedback.caps import Candidate, Capped, CapPolicy, apply_caps
from learning.feedback.models import Feedback, LabelDecision, ReporterTrust, TrainingConsent
from learning.feedback.words import Label, Source


@dataclass(frozen=True, slots=True)
class TrainingLabel:
    """One item from which a run may learn. `reporters`: ids of those on whose word it rests, moderators included."""

    media: MediaFile
    label: str  # "real" or "fake"
    weight: float  # 1.0: moderators; below: how far its reporters are believed
    source: str  # "moderator" or "agreement"
    reporters: tuple[int, ...]


def feedback_of(person: AbstractBaseUser | AnonymousUser) -> QuerySet[Feedback]:
    """What this person said, newest first."""
    if not person.is_authenticated:
        return Feedback.objects.none()
    return Feedback.objects.filter(person_id=person.pk).select_related("detection", "detection__media", "decision")


def own_feedback(person: AbstractBaseUser | AnonymousUser, feedback_id: UUID) -> Feedback:
    """One of them; for anybody else it does not exist."""
    found = feedback_of(person).filter(pk=feedback_id).first()
    if found is None:
        raise Http404("no such feedback")
    return found


def judgeable_detection(user: AbstractBaseUser | AnonymousUser, detection_id: UUID) -> Detection:
    """One that this person may give feedback on: their own, for moderators flagged ones too. Else it does not exist."""
    allowed = detections_visible_to(user)
    if moderates(user):
        flagged = Detection.objects.filter(Exists(ModerationCase.objects.filter(detection=OuterRef("pk"))))
        allowed = flagged.select_related("media") | allowed
    found = allowed.filter(pk=detection_id).first()
    if found is None:
        raise Http404("no such detection")
    return found


def feedback_on(detection: Detection, person: AbstractBaseUser | AnonymousUser) -> Feedback | None:
    """What this person said about it and did not take back."""
    return feedback_of(person).filter(detection=detection).exclude(state=Feedback.State.WITHDRAWN).first()


def reporters_known() -> QuerySet[ReporterTrust]:
    """Everybody whose word was ever weighed, the least believed first."""
    given = Count("person__feedback", distinct=True)
    return ReporterTrust.objects.select_related("person").annotate(given=given).order_by("lower", "person_id")


def wants_to_train(person: AbstractBaseUser | AnonymousUser) -> bool:
    """Where the upload switch starts for this person: off unless they said otherwise."""
    return TrainingConsent.objects.filter(person_id=person.pk, by_default=True).exists()


def cap_policy() -> CapPolicy:
    """The limits that hold here."""
    return CapPolicy(account_days=settings.DEEPFAKE_ACCOUNT_DAYS)


def training_labels(at: datetime, base_items: int = 0) -> list[TrainingLabel]:
    """What a run that starts at `at` may learn: labels standing then, after trust, the two-person rule, consent, caps.

    `base_items`: how many items of base data are replayed beside them; the share that one person may have is a share
    of all of them together. The order is fixed: the same rows give the same list.
    """
    decisions = {str(decision.pk): decision for decision in decisions_at(at)}
    media = trainable_media(decision.subject_id for decision in decisions.values())
    kept = _capped(decisions, media, at, base_items).kept
    return [_training_label(decisions[item.key], media[decisions[item.key].subject_id]) for item in kept]


def why_not(at: datetime, base_items: int = 0) -> dict[str, str]:
    """By SHA-256: why a standing label does not train at present. `consent`, or a key of caps.REASONS."""
    decisions = {str(decision.pk): decision for decision in decisions_at(at)}
    media = trainable_media(decision.subject_id for decision in decisions.values())
    without = {d.subject_id: "consent" for d in decisions.values() if d.subject_id not in media}
    left_out = _capped(decisions, media, at, base_items).left_out
    return without | {decisions[key].subject_id: reason for key, reason in left_out.items()}


def decisions_at(at: datetime) -> QuerySet[LabelDecision]:
    """What was held true at that moment, known cases excepted: those measure people and train nothing."""
    stood = Q(ended_at=None) | Q(ended_at__gt=at)
    return (
        LabelDecision.objects.filter(stood, decided_at__lte=at, label__in=(Label.REAL, Label.FAKE))
        .exclude(source=Source.GOLD)
        .select_related("subject")
        .prefetch_related("reporters", "moderators")
        .order_by("decided_at", "pk")
    )


def trainable_media(hashes: Iterable[str]) -> dict[str, MediaFile]:
    """By SHA-256: the oldest stored copy whose owner agreed (or any, where the site's policy says so)."""
    rows = MediaFile.objects.filter(sha256__in=list(hashes), purged_at=None).select_related("owner")
    if not settings.DEEPFAKE_TRAIN_WITHOUT_CONSENT:
        rows = rows.filter(may_train=True)
    found: dict[str, MediaFile] = {}
    for media in rows.order_by("created_at", "pk"):
        found.setdefault(media.sha256, media)
    return found


def _capped(decisions: dict[str, LabelDecision], media: dict[str, MediaFile], at: datetime, base_items: int) -> Capped:
    days = _first_claims(media)
    candidates = [
        _candidate(key, decision, media[decision.subject_id], days.get(decision.subject_id, decision.decided_at), at)
        for key, decision in decisions.items()
        if decision.subject_id in media
    ]
    return apply_caps(candidates, cap_policy(), base_items)


def _first_claims(media: dict[str, MediaFile]) -> dict[str, datetime]:
    rows = Feedback.objects.filter(detection__media__sha256__in=list(media)).exclude(claim="")
    return dict(
        rows.values("detection__media__sha256")
        .annotate(first=Min("created_at"))
        .values_list("detection__media__sha256", "first")
    )


def _candidate(key: str, decision: LabelDecision, media: MediaFile, day: datetime, at: datetime) -> Candidate:
    makers = list(decision.reporters.all()) if decision.source == Source.AGREEMENT else []
    ages = [(at - person.date_joined).total_seconds() / 86400 for person in makers]
    return Candidate(
        key=key,
        label=decision.label,
        weight=decision.weight,
        cluster=decision.subject.cluster,
        day=day.date(),
        people=frozenset({media.owner_id, *(person.pk for person in makers)}),
        youngest_days=min(ages, default=float("inf")),
    )


def _training_label(decision: LabelDecision, media: MediaFile) -> TrainingLabel:
    people = {person.pk for person in (*decision.reporters.all(), *decision.moderators.all())}
    return TrainingLabel(media, decision.label, decision.weight, decision.source, tuple(sorted(people)))
