"""What people do about flagged results: one function = one transaction = one audit event."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from detection import audit
from detection.models import Detection
from detection.moderation import access, flagging
from detection.moderation.errors import ModerationError
from detection.moderation.models import Appeal, Decision, KnownItem, ModerationCase, Report
from detection.moderation.priority import Factors
from detection.moderation.words import AppealState, Confidence, Reason, Round, State, Verdict

SURE = 0.9  # a model surer than this is contradicted by two people or by none
ROUND_OF_STATE = {
    State.OPEN: Round.FIRST,
    State.SECOND: Round.SECOND,
    State.ESCALATED: Round.LEAD,
    State.APPEALED: Round.APPEAL,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody decides, and why; `answer` is for the owner who appealed, `note` for colleagues."""

    verdict: str
    kind: str = ""
    ground: str = "seen"
    confidence: str = "sure"
    note: str = ""
    answer: str = ""


@transaction.atomic
def report(detection: Detection, reporter: User, reason_text: str) -> ModerationCase:
    """Somebody says that the verdict is wrong. The case gets the reason, and whoever reported the same bytes counts
    for all of them. Where people have decided already, the report is noted and the way on is an appeal."""
    if detection.state != Detection.State.DONE:
        raise ModerationError("not_finished")
    Report.objects.update_or_create(detection=detection, reporter=reporter, defaults={"text": reason_text[:4000]})
    same = Detection.objects.filter(media__sha256=detection.media.sha256, reports__isnull=False)
    for one in same.select_related("media").distinct().order_by("pk"):  # everybody locks in the same order
        flagging.consider(one)
    case = ModerationCase.objects.filter(detection=detection, is_gold=False).first()
    if case is None:  # reported by somebody else than the owner, alone
        case = flagging.open_case(detection, {Reason.REPORTED.value: 1})
    audit.record(reporter, "reported", case, detection=str(detection.pk))
    return case


@transaction.atomic
def decide(case_id: int, moderator: User, choice: Choice) -> Decision:
    """The holder decides. Where the case goes from here is `_next_state`; the verdict of the machine stays as it is."""
    case = ModerationCase.objects.select_for_update().get(pk=case_id)
    access.check(case, moderator)
    if not access.holds(case, moderator):
        raise ModerationError("not_held")
    _check_choice(case, choice)
    before = outcome(case)
    decision = _write_decision(case, moderator, choice)
    state = _next_state(case, choice)
    if case.state == State.APPEALED:
        _answer_appeal(case, choice)
    _apply(case, decision, state)
    said = {"verdict": decision.verdict, "kind": decision.kind, "ground": decision.ground}
    audit.record(moderator, "decided", case, before=before, after=outcome(case), round=decision.round, **said)
    return decision


@transaction.atomic
def undo(decision_id: int, moderator: User) -> ModerationCase:
    """Take one's last decision back, for as long as nothing has followed from it."""
    decision = Decision.objects.get(pk=decision_id, moderator=moderator)
    case = ModerationCase.objects.select_for_update().get(pk=decision.case_id)
    decision.refresh_from_db()
    later = case.decisions.filter(pk__gt=decision.pk, undone_at=None).exists()
    if decision.undone_at or later or timezone.now() > undo_until(decision) or case.settled_at:
        raise ModerationError("undo_too_late")
    now, before = timezone.now(), outcome(case)
    Decision.objects.filter(pk=decision.pk).update(undone_at=now)
    if decision.round == Round.APPEAL:
        Appeal.objects.filter(case=case).update(state=AppealState.PENDING, answer="", answered_at=None)
    _restore(case, decision.before)
    case.holder, case.held_until = moderator, now + timedelta(seconds=settings.DEEPFAKE_CLAIM_SECONDS)
    case.save()
    audit.record(moderator, "decision_undone", case, before=before, after=outcome(case), round=decision.round)
    return case


@transaction.atomic
def escalate(case_id: int, moderator: User, note: str) -> ModerationCase:
    """The holder asks a lead instead of deciding."""
    case = ModerationCase.objects.select_for_update().get(pk=case_id)
    access.check(case, moderator)
    if not access.holds(case, moderator):
        raise ModerationError("not_held")
    if case.state == State.APPEALED:
        raise ModerationError("appeal_needs_answer")
    before = outcome(case)
    case.state, case.holder, case.held_until = State.ESCALATED, None, None
    case.save(update_fields=("state", "holder", "held_until"))
    flagging.add_reasons(case, {Reason.ESCALATED.value: note[:4000]})
    audit.record(moderator, "escalated", case, before=before, after=outcome(case))
    return case


@transaction.atomic
def appeal(case_id: int, owner: User, text: str) -> Appeal:
    """The owner says that people were wrong: the case waits again, for somebody who has not decided about it."""
    cases = ModerationCase.objects.select_for_update(of=("self",)).filter(detection__owner=owner, is_gold=False)
    case = cases.get(pk=case_id)
    if Appeal.objects.filter(case=case).exists():
        raise ModerationError("already_appealed")
    if case.state != State.DECIDED or not is_final(case):
        raise ModerationError("nothing_to_appeal")
    before = outcome(case)
    made = Appeal.objects.create(case=case, text=text[:4000], against=case.verdict, against_kind=case.kind)
    case.state, case.opened_at, case.settled_at = State.APPEALED, timezone.now(), None
    case.rank = Factors(case.uncertainty, case.disagreement, case.trust).rank(case.opened_at)
    case.save(update_fields=("state", "opened_at", "settled_at", "rank"))
    flagging.add_reasons(case, {Reason.APPEAL.value: None})
    audit.record(owner, "appealed", case, before=before, after=outcome(case))
    return made


@transaction.atomic
def make_known(case_id: int, lead: User) -> KnownItem:
    """Use a decided case to measure moderators: from now on it is mixed into the queue now and then."""
    case = ModerationCase.objects.get(pk=case_id, is_gold=False)
    if case.state != State.DECIDED or not is_final(case):
        raise ModerationError("not_decided")
    values = {"label": case.verdict, "added_by": lead}
    item, _ = KnownItem.objects.update_or_create(detection=case.detection, defaults=values)
    audit.record(lead, "made_known", case, label=case.verdict)
    return item


def needs_second(case: ModerationCase, choice: Choice) -> bool:
    """A decision against a model that was surer than SURE, or one that its author is unsure of."""
    judged = case.detection.label in (Detection.Label.FAKE, Detection.Label.REAL)
    sure_model = judged and (case.detection.confidence or 0.0) > SURE
    return choice.confidence == Confidence.UNSURE or (sure_model and choice.verdict != case.machine_verdict)


def outcome(case: ModerationCase) -> dict[str, str]:
    """What the trail compares before and after."""
    return {"state": str(case.state), "verdict": case.verdict, "kind": case.kind}


def is_final(case: ModerationCase) -> bool:
    """Decided, and too long ago to be undone."""
    window = timedelta(seconds=settings.DEEPFAKE_UNDO_SECONDS)
    return case.decided_at is not None and case.decided_at + window <= timezone.now()


def undo_until(decision: Decision) -> datetime:
    """The last moment at which the decision can be taken back."""
    return decision.decided_at + timedelta(seconds=settings.DEEPFAKE_UNDO_SECONDS)


def _check_choice(case: ModerationCase, choice: Choice) -> None:
    if choice.verdict == Verdict.FAKE and not choice.kind:
        raise ModerationError("kind_missing")
    if case.state == State.APPEALED and not choice.answer.strip():
        raise ModerationError("answer_missing")


def _write_decision(case: ModerationCase, moderator: User, choice: Choice) -> Decision:
    before = {"state": case.state, "verdict": case.verdict, "kind": case.kind}
    before["decided_at"] = case.decided_at.isoformat() if case.decided_at else ""
    held_until = case.held_until or timezone.now()
    return Decision.objects.create(
        case=case,
        detection_id=case.detection_id,
        moderator=moderator,
        round=ROUND_OF_STATE[State(case.state)],
        verdict=choice.verdict,
        kind=choice.kind if choice.verdict == Verdict.FAKE else "",
        ground=choice.ground,
        confidence=choice.confidence,
        note=choice.note,
        claimed_at=held_until - timedelta(seconds=settings.DEEPFAKE_CLAIM_SECONDS),
        before=before,
    )


def _next_state(case: ModerationCase, choice: Choice) -> State:
    """After a first opinion perhaps a second one; after two that differ a lead; everything else is decided."""
    if case.state == State.OPEN:
        return State.SECOND if needs_second(case, choice) else State.DECIDED
    if case.state == State.SECOND:
        first = case.decisions.filter(round=Round.FIRST, undone_at=None).latest("pk")
        return State.DECIDED if first.verdict == choice.verdict else State.ESCALATED
    return State.DECIDED


def _apply(case: ModerationCase, decision: Decision, state: State) -> None:
    """Until it can no longer be undone, a case that goes on is kept from everybody else."""
    case.state = state
    if state == State.DECIDED:
        case.verdict, case.kind = decision.verdict, _agreed_kind(case, decision)
        case.decided_at, case.settled_at = decision.decided_at, None
        case.holder = case.held_until = None
    else:
        case.held_until = undo_until(decision)
    case.save()


def _agreed_kind(case: ModerationCase, decision: Decision) -> str:
    """Two who agree that it is fake may differ in how: then it stays open how."""
    if decision.round != Round.SECOND:
        return decision.kind
    first = case.decisions.filter(round=Round.FIRST, undone_at=None).latest("pk")
    return decision.kind if first.kind == decision.kind else ""


def _answer_appeal(case: ModerationCase, choice: Choice) -> None:
    upheld = choice.verdict == case.verdict
    Appeal.objects.filter(case=case).update(
        state=AppealState.UPHELD if upheld else AppealState.OVERTURNED,
        answer=choice.answer.strip()[:4000],
        answered_at=timezone.now(),
    )


def _restore(case: ModerationCase, before: dict[str, str]) -> None:
    case.state, case.verdict, case.kind = before["state"], before["verdict"], before["kind"]
    case.decided_at = datetime.fromisoformat(before["decided_at"]) if before["decided_at"] else None
