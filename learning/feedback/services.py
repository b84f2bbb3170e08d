"""What can happen to feedback, reporters and consent: one function = one transaction = one audit event.

What follows for labels is settled afterwards, in transactions of its own (labels.py).
"""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from detection import audit
from detection.models import Detection, MediaFile
from detection.moderation import services as moderation
from learning.feedback import labels, reporters
from learning.feedback.claims import Answer, claimed_label
from learning.feedback.errors import FeedbackError
from learning.feedback.models import Feedback, ReporterTrust, TrainingConsent

State = Feedback.State


def give(detection: Detection, person: User, given: Answer) -> Feedback:
    """Say what one thinks of a verdict, or say it anew; FeedbackError where that is not possible (any more).

    Saying the same thing twice, a double click for instance, is one answer and one event. *Incorrect* disputes the
    verdict as well: moderators get a case.
    """
    if detection.state != Detection.State.DONE:
        raise FeedbackError("not_done")
    feedback, changed = _write(detection, person, given, claimed_label(detection.label, given))
    if changed:
        reporters.refresh(person)
        if given.answer == Feedback.Answer.INCORRECT:
            moderation.report(detection, person, given.how)
        labels.settle_with_neighbours(detection.media.sha256)
        feedback.refresh_from_db()
    return feedback


def change(feedback: Feedback, given: Answer) -> Feedback:
    """Say something else; what was withdrawn is given anew and not changed."""
    if feedback.state == State.WITHDRAWN:
        raise FeedbackError("withdrawn")
    return give(feedback.detection, feedback.person, given)


def withdraw(feedback: Feedback) -> bool:
    """Take it back, with the words in it; False where it was taken back already."""
    with transaction.atomic(durable=True):
        row = Feedback.objects.select_for_update(of=("self",)).get(pk=feedback.pk)
        if row.state == State.WITHDRAWN:
            return False
        if row.is_decided:
            raise FeedbackError("already_decided")
        row.state, row.how, row.source_url, row.changed_at = State.WITHDRAWN, "", "", timezone.now()
        row.save(update_fields=["state", "how", "source_url", "changed_at"])
        audit.record(row.person, "feedback_withdrawn", row, detection=str(row.detection_id))
    labels.settle_with_neighbours(feedback.detection.media.sha256)
    return True


@transaction.atomic(durable=True)
def _write(detection: Detection, person: User, given: Answer, claim: str) -> tuple[Feedback, bool]:
    """The row with this answer in it; and whether that is news."""
    person = User.objects.select_for_update().get(pk=person.pk)  # two clicks at once wait for each other here
    values = {
        "answer": given.answer,
        "claim": claim,
        "kind": given.kind,
        "how": given.how,
        "source_url": given.source_url,
        "state": State.PENDING,
    }
    row = Feedback.objects.filter(detection=detection, person=person).first()
    if row is None:
        _within_daily_limit(person)
        row = Feedback.objects.create(detection=detection, person=person, **values)
        audit.record(person, "feedback_given", row, detection=str(detection.pk), answer=given.answer, claim=claim)
        return row, True
    if (
        all(getattr(row, name) == value for name, value in values.items() if name != "state")
        and row.state != "withdrawn"
    ):
        return row, False
    if row.is_decided:
        raise FeedbackError("already_decided")
    Feedback.objects.filter(pk=row.pk).update(**values, changed_at=timezone.now())
    audit.record(person, "feedback_changed", row, was=row.answer, answer=given.answer, claim=claim)
    row.refresh_from_db()
    return row, True


def _within_daily_limit(person: User) -> None:
    since = timezone.now() - timedelta(days=1)
    if Feedback.objects.filter(person=person, created_at__gt=since).count() >= settings.DEEPFAKE_FEEDBACK_PER_DAY:
        raise FeedbackError("daily_limit")


def set_aside(person: User, actor: User, reason: str = "") -> int:
    """This person's word counts no more, and neither do labels that rest on it; how many labels changed by that."""
    if not _mark(person, actor, reason):
        return 0
    return _rebuild(_concerned(person))


def take_back(person: User, actor: User) -> int:
    """The person counts again, with everything that they said; how many labels changed by that."""
    with transaction.atomic(durable=True):
        row = ReporterTrust.objects.select_for_update().filter(person=person).exclude(set_aside_at=None).first()
        if row is None:
            return 0
        row.set_aside_at, row.set_aside_by, row.set_aside_reason = None, "", ""
        row.save(update_fields=["set_aside_at", "set_aside_by", "set_aside_reason"])
        audit.record(actor, "reporter_taken_back", row, reporter=person.get_username())
    return _rebuild(_concerned(person))


@transaction.atomic(durable=True)
def _mark(person: User, actor: User, reason: str) -> bool:
    reporters.refresh(person)
    row = ReporterTrust.objects.select_for_update().get(person=person)
    if row.set_aside_at is not None:
        return False
    row.set_aside_at, row.set_aside_by, row.set_aside_reason = timezone.now(), actor.get_username(), reason[:500]
    row.save(update_fields=["set_aside_at", "set_aside_by", "set_aside_reason"])
    audit.record(actor, "reporter_set_aside", row, reporter=person.get_username(), reason=reason[:500])
    return True


def rebuild(actor: User) -> int:
    """Settle every label anew; how many changed."""
    changed = _rebuild(labels.everything())
    with transaction.atomic(durable=True):
        audit.record(actor, "labels_rebuilt", actor, changed=changed)
    return changed


def _rebuild(hashes: list[str]) -> int:
    """As many as fit into a request at once, the others soon. How many of the first changed."""
    changed = labels.rebuild(hashes[: labels.AT_ONCE])
    labels.rebuild_soon(hashes[labels.AT_ONCE :])
    return changed


def _concerned(person: User) -> list[str]:
    """Every subject about which this person said or decided anything, with its near-duplicates."""
    said = labels.subjects_of(person.pk)
    decided = labels.decided_by(person.pk)
    return sorted(labels.with_neighbours(said | decided))


@transaction.atomic(durable=True)
def allow_training(media: MediaFile, person: User, allowed: bool) -> bool:
    """The owner says whether this file may train; False where that was so already."""
    rows = MediaFile.objects.filter(pk=media.pk, owner=person).exclude(may_train=allowed)
    if not rows.update(may_train=allowed):
        return False
    audit.record(person, "training_allowed" if allowed else "training_refused", media)
    return True


@transaction.atomic(durable=True)
def allow_by_default(person: User, allowed: bool) -> bool:
    """What the switch on the upload page starts with; False where that was so already."""
    row, _ = TrainingConsent.objects.select_for_update().get_or_create(person=person)
    if row.by_default == allowed:
        return False
    row.by_default, row.changed_at = allowed, timezone.now()
    row.save(update_fields=["by_default", "changed_at"])
    audit.record(person, "training_default", row, allowed=allowed)
    return True
