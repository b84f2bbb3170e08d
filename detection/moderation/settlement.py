"""What follows from a decision follows once it can no longer be undone: undo never has to call anything back."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from detection import audit
from detection.moderation import notices
from detection.moderation.models import Decision, ModerationCase
from detection.moderation.services import is_final
from detection.moderation.words import OPEN_STATES, State
from detection.webhooks import announce

KNOWN_DAYS = 3  # a known case that nobody could take by then has done what it could


def settle_due() -> int:
    """Every decision whose time has come."""
    final_before = timezone.now() - timedelta(seconds=settings.DEEPFAKE_UNDO_SECONDS)
    due = ModerationCase.objects.filter(state=State.DECIDED, settled_at=None, decided_at__lte=final_before)
    return sum(settle(case_id) for case_id in list(due.values_list("pk", flat=True)))


@transaction.atomic
def settle(case_id: int) -> bool:
    """News for the owner and an event for their programs; nobody hears of known cases."""
    case = ModerationCase.objects.select_for_update().get(pk=case_id)
    if case.state != State.DECIDED or case.settled_at is not None or not is_final(case):
        return False
    case.settled_at = timezone.now()
    case.save(update_fields=("settled_at",))
    if not case.is_gold and case.decided_at is not None:
        notices.plan(case)
        announce.case_decided(
            case.detection, case=case.pk, verdict=case.verdict, kind=case.kind, decided_at=case.decided_at
        )
    audit.record(None, "settled", case, verdict=case.verdict)
    return True


def retire_known() -> int:
    """Known cases that nobody can take, since everybody has seen them, must not stay in the queue for ever."""
    before = timezone.now() - timedelta(days=KNOWN_DAYS)
    stale = ModerationCase.objects.filter(is_gold=True, state__in=OPEN_STATES, opened_at__lt=before)
    return sum(_retire(case_id) for case_id in list(stale.values_list("pk", flat=True)))


@transaction.atomic
def _retire(case_id: int) -> bool:
    """What was decided about it still measures; without a decision there is nothing to keep."""
    case = ModerationCase.objects.select_for_update().get(pk=case_id)
    now = timezone.now()
    if not case.is_open or (case.held_until is not None and case.held_until > now):
        return False
    audit.record(None, "known_retired", case)
    first = Decision.objects.filter(case=case, undone_at=None).first()
    if first is None:
        case.delete()
        return True
    case.state, case.verdict, case.kind = State.DECIDED, first.verdict, first.kind
    case.decided_at = case.settled_at = now
    case.save()
    return True
