"""Which results people look at. The docstring of `reasons_for` is the policy; its body follows it line by line."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from detection import audit
from detection.models import Detection
from detection.moderation.models import Appeal, KnownItem, ModerationCase, Report
from detection.moderation.priority import Factors, disagreement, uncertainty
from detection.moderation.trust import trust_of
from detection.moderation.words import AppealState, Reason

SEVERAL = 2  # people


def reasons_for(detection: Detection) -> dict[str, float | int | None]:
    """Reason → the measured value that made it one. A finished result is flagged when

    1. its verdict is INCONCLUSIVE;
    2. its members disagree: `priority.disagreement` is at least DEEPFAKE_FLAG_DISAGREEMENT (0.5);
    3. it is FAKE with P(fake) of at least DEEPFAKE_FLAG_STAKES (0.98): such a result can ruin a person;
    4. its owner disputes it;
    5. two or more people have reported results on the same file (SHA-256);
    6. its owner appeals against what people decided;
    7. chance draws it, to check the detector where nothing is suspicious: DEEPFAKE_AUDIT_SHARE (2 %) of all results,
       chosen by the detection's id, so that a repeated attempt draws the same.

    Known cases are mixed in beside this: see `mix_in`.
    """
    members = disagreement((detection.result or {}).get("members") or {})
    reports = _reports(detection)
    reporters = {person for _, person in reports}
    found: dict[str, float | int | None] = {}
    if detection.label == Detection.Label.INCONCLUSIVE:
        found[Reason.INCONCLUSIVE.value] = detection.p_fake
    if detection.label != Detection.Label.NOT_APPLICABLE and members >= settings.DEEPFAKE_FLAG_DISAGREEMENT:
        found[Reason.MEMBERS.value] = round(members, 3)
    if detection.label == Detection.Label.FAKE and (detection.p_fake or 0.0) >= settings.DEEPFAKE_FLAG_STAKES:
        found[Reason.STAKES.value] = detection.p_fake
    if (detection.pk, detection.owner_id) in reports:
        found[Reason.DISPUTED.value] = None
    if len(reporters) >= SEVERAL:
        found[Reason.REPORTED.value] = len(reporters)
    if Appeal.objects.filter(case__detection=detection, state=AppealState.PENDING).exists():
        found[Reason.APPEAL.value] = None
    if drawn("audit", detection.pk, settings.DEEPFAKE_AUDIT_SHARE):
        found[Reason.AUDIT.value] = settings.DEEPFAKE_AUDIT_SHARE
    return found


def consider(detection: Detection) -> ModerationCase | None:
    """Flag a finished result if the policy says so, and mix a known case in now and then. May be called again at any
    time: a case keeps the reasons that it has and gets the new ones. Part of the caller's transaction."""
    if detection.state != Detection.State.DONE:
        return None
    Detection.objects.select_for_update().filter(pk=detection.pk).values("pk").first()  # one at a time, or two cases
    reasons = reasons_for(detection)
    case = ModerationCase.objects.select_for_update().filter(detection=detection, is_gold=False).first()
    if case is not None:
        add_reasons(case, reasons)
        return case
    if not reasons:
        return None
    case = open_case(detection, reasons)
    if drawn("gold", detection.pk, settings.DEEPFAKE_GOLD_SHARE):
        mix_in()
    return case


def open_case(detection: Detection, reasons: dict[str, float | int | None], *, gold: str = "") -> ModerationCase:
    """A new case with its reasons and its place in the queue."""
    factors = measure(detection)
    now = timezone.now()
    case = ModerationCase.objects.create(
        detection=detection,
        media_kind=detection.media.kind,
        reasons=",".join(sorted(reasons)),
        flags=_flags(reasons, now),
        uncertainty=factors.uncertainty,
        disagreement=factors.disagreement,
        trust=factors.trust,
        rank=factors.rank(now),
        opened_at=now,
        is_gold=bool(gold),
        gold_label=gold,
    )
    audit.record(None, "case_opened", case, detection=str(detection.pk), reasons=sorted(reasons))
    return case


def add_reasons(case: ModerationCase, reasons: dict[str, Any]) -> None:
    """New reasons beside the old ones. Trust may have changed; how long it has waited has not."""
    fresh = {code: value for code, value in reasons.items() if code not in case.flags}
    if not fresh:
        return
    case.flags = {**case.flags, **_flags(fresh, timezone.now())}
    case.reasons = ",".join(sorted(case.flags))
    case.trust = measure(case.detection).trust
    case.rank = Factors(case.uncertainty, case.disagreement, case.trust).rank(case.opened_at)
    case.save(update_fields=("flags", "reasons", "trust", "rank"))
    audit.record(None, "case_flagged", case, reasons=sorted(fresh))


def measure(detection: Detection) -> Factors:
    """The parts of the priority as they are now."""
    members = (detection.result or {}).get("members") or {}
    trusts = [trust_of(report.reporter_id) for report in Report.objects.filter(detection=detection)]
    return Factors(uncertainty(detection.p_fake), disagreement(members), max(trusts, default=None))


def mix_in() -> ModerationCase | None:
    """Put the known case that was away longest back into the queue, where nothing tells it from the others."""
    free = KnownItem.objects.exclude(detection__cases__in=ModerationCase.objects.filter(is_gold=True, settled_at=None))
    free = free.filter(detection__media__purged_at=None)
    item = free.order_by(F("mixed_at").asc(nulls_first=True), "id").first()
    if item is None:
        return None
    KnownItem.objects.filter(pk=item.pk).update(mixed_at=timezone.now())
    usual = {Reason.DISPUTED, Reason.REPORTED, Reason.APPEAL}
    reasons = {code: value for code, value in reasons_for(item.detection).items() if code not in usual}
    return open_case(item.detection, reasons or {Reason.AUDIT.value: None}, gold=item.label)


def drawn(purpose: str, detection_id: UUID, share: float) -> bool:
    """A lot that falls the same way whenever it is drawn for the same detection."""
    digest = hashlib.sha256(f"{purpose}:{detection_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def _reports(detection: Detection) -> set[tuple[UUID, int]]:
    """(detection, reporter) of everything that was reported about these bytes."""
    same = Report.objects.filter(detection__media__sha256=detection.media.sha256)
    return set(same.values_list("detection_id", "reporter_id"))


def _flags(reasons: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {code: {"at": at.isoformat(), "value": value} for code, value in reasons.items()}
