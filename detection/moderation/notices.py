"""News for owners: waits DEEPFAKE_NOTICE_SECONDS, then compares what they knew first with what stands last."""

import logging
from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from detection import audit
from detection.models import Detection
from detection.moderation.models import Appeal, ModerationCase, OwnerNotice
from detection.moderation.words import AppealState, Verdict
from detection.webhooks.events import site_url

logger = logging.getLogger(__name__)
SHOWN = 3
WAITING = {"told_at": None, "dropped_at": None}
SUBJECT = "A person has looked at your file"
APPEAL_SUBJECT = "Your appeal was answered"
TEXT = """{opening}

File: {name}
So far: {before}
Now: {now}
{answer}
The verdict of the machine stays beside it as it was. Everything about it:

{link}
"""


def plan(case: ModerationCase) -> OwnerNotice | None:
    """A decision stands: tell its owner in a while if it changes what they were told, or answers their appeal. One that
    waits already keeps its hour and what the owner knew when it began."""
    known, answers = known_to_owner(case), _answers_appeal(case)
    waiting = OwnerNotice.objects.select_for_update().filter(case=case, **WAITING).first()
    if waiting is not None:
        waiting.answers_appeal = waiting.answers_appeal or answers
        waiting.save(update_fields=("answers_appeal",))
        return waiting
    if known == case.verdict and not answers:
        return None
    due = timezone.now() + timedelta(seconds=settings.DEEPFAKE_NOTICE_SECONDS)
    owner = case.detection.owner
    return OwnerNotice.objects.create(case=case, owner=owner, told_before=known, answers_appeal=answers, due_at=due)


def known_to_owner(case: ModerationCase) -> str:
    """What the owner was last told: by people, or else by the machine."""
    told = OwnerNotice.objects.filter(case=case, told_at__isnull=False).order_by("-told_at").first()
    return told.told if told else case.machine_verdict


def tell_due() -> int:
    """What is due is told on the site, then by mail; what has changed back meanwhile is dropped."""
    due = OwnerNotice.objects.filter(due_at__lte=timezone.now(), **WAITING)
    told = sum(_tell(pk) for pk in list(due.values_list("pk", flat=True)))
    unmailed = OwnerNotice.objects.filter(told_at__isnull=False, mailed_at=None)
    for pk in list(unmailed.values_list("pk", flat=True)):
        _mail(pk)
    return told


def unseen(user: User) -> list[OwnerNotice]:
    """What this owner was told and has not looked at yet, the latest first."""
    told = OwnerNotice.objects.filter(owner=user, told_at__isnull=False, seen_at=None)
    return list(told.select_related("case__detection__media").defer("case__detection__result").order_by("-id")[:SHOWN])


def seen(detection: Detection) -> None:
    """The owner has opened the result."""
    news = OwnerNotice.objects.filter(case__detection=detection, told_at__isnull=False, seen_at=None)
    if news.exists():
        news.update(seen_at=timezone.now())


@transaction.atomic
def _tell(pk: int) -> bool:
    notice = OwnerNotice.objects.select_for_update().filter(pk=pk, **WAITING).first()
    if notice is None:
        return False
    case = ModerationCase.objects.get(pk=notice.case_id)
    changed = case.verdict != notice.told_before
    if changed or notice.answers_appeal:
        notice.told, notice.told_at = case.verdict, timezone.now()
    else:
        notice.dropped_at = timezone.now()
    notice.save(update_fields=("told", "told_at", "dropped_at"))
    verb = "owner_told" if notice.told_at else "notice_dropped"
    audit.record(None, verb, case, before={"told": notice.told_before}, after={"told": case.verdict})
    return notice.told_at is not None


def _mail(pk: int) -> None:
    """Claimed before it is sent, so that it is sent once; given back where the server does not take it."""
    if not OwnerNotice.objects.filter(pk=pk, mailed_at=None).update(mailed_at=timezone.now()):
        return
    notice = OwnerNotice.objects.select_related("owner", "case__detection__media").get(pk=pk)
    if not notice.owner.email:
        return
    subject = APPEAL_SUBJECT if notice.answers_appeal else SUBJECT
    try:
        send_mail(subject, _text(notice), None, [notice.owner.email])
    except (SMTPException, OSError) as error:
        logger.warning("mail about case %s was not sent: %s", notice.case_id, error)
        OwnerNotice.objects.filter(pk=pk).update(mailed_at=None)


def _text(notice: OwnerNotice) -> str:
    appeal = Appeal.objects.filter(case=notice.case).exclude(state=AppealState.PENDING).first()
    answer = f"\nThe answer to your appeal:\n{appeal.answer}\n" if appeal and notice.answers_appeal else ""
    return TEXT.format(
        opening=APPEAL_SUBJECT + "."
        if notice.answers_appeal
        else "A person has looked at a file that you had checked.",
        name=notice.case.media.name,
        before=Verdict(notice.told_before).label,
        now=Verdict(notice.told).label,
        answer=answer,
        link=site_url(reverse("detection:result", args=[notice.case.detection_id])),
    )


def _answers_appeal(case: ModerationCase) -> bool:
    """Was the appeal answered, and has the owner not heard so?"""
    answered = Appeal.objects.filter(case=case).exclude(state=AppealState.PENDING).exists()
    return answered and not OwnerNotice.objects.filter(case=case, answers_appeal=True, told_at__isnull=False).exists()
