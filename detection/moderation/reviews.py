"""What the owner of a result may know about what people decided: the decision, when, and by which kind of person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from detection.models import Detection
from detection.moderation.models import Appeal, Decision, ModerationCase, Report
from detection.moderation.services import is_final
from detection.moderation.words import AppealState, FakeKind, Round, Verdict

SENTENCES = {
    Verdict.REAL: "People looked at it and hold it to be real.",
    Verdict.FAKE: "People looked at it and hold it to be fake.",
    Verdict.CANNOT_TELL: "People looked at it and cannot tell.",
    Verdict.OUT_OF_SCOPE: "People looked at it: it is nothing that this site can judge.",
}


@dataclass(frozen=True, slots=True)
class Review:
    """The human side of one result. Empty `verdict`: nothing was decided yet."""

    case_id: int | None = None
    waits: bool = False
    verdict: str = ""
    kind_words: str = ""
    who: str = ""
    decided_at: datetime | None = None
    disputed: bool = False
    appeal: Appeal | None = None
    appeal_pending: bool = False
    finished: bool = False

    @property
    def sentence(self) -> str:
        return SENTENCES[Verdict(self.verdict)] if self.verdict else ""

    @property
    def label(self) -> str:
        """The decision in the words of verdicts, for the badge."""
        words = {"real": "REAL", "fake": "FAKE", "cannot_tell": "INCONCLUSIVE", "out_of_scope": "NOT_APPLICABLE"}
        return words.get(self.verdict, "")

    @property
    def words(self) -> str:
        return Verdict(self.verdict).label.upper() if self.verdict else ""

    @property
    def can_dispute(self) -> bool:
        """The machine's verdict, as long as nobody has decided."""
        return self.finished and not self.disputed and not self.verdict

    @property
    def can_appeal(self) -> bool:
        """People's decision, once."""
        return bool(self.verdict) and self.appeal is None


def review_of(detection: Detection) -> Review:
    """For the owner's page. What can still be undone has not happened yet."""
    finished = detection.state == Detection.State.DONE
    disputed = Report.objects.filter(detection=detection, reporter_id=detection.owner_id).exists()
    case = ModerationCase.objects.filter(detection=detection, is_gold=False).prefetch_related("decisions").first()
    if case is None:
        return Review(disputed=disputed, finished=finished)
    appeal = Appeal.objects.filter(case=case).first()
    known = Review(case.pk, True, disputed=disputed, appeal=appeal, finished=finished)
    if not case.verdict:
        return known
    decisions = list(case.standing)
    if is_final(case):
        waits, pending = case.is_open, appeal is not None and appeal.state == AppealState.PENDING
        return _decided(known, case.verdict, case.kind, decisions, waits=waits, appeal_pending=pending)
    if appeal is None:
        return known
    earlier = [one for one in decisions if one.round != Round.APPEAL]
    return _decided(known, appeal.against, appeal.against_kind, earlier, waits=True, appeal_pending=True)


def who_decided(decisions: Sequence[Decision]) -> str:
    """Who-kind, not who."""
    rounds = {one.round for one in decisions}
    if Round.APPEAL in rounds:
        return "another moderator, on your appeal"
    if Round.LEAD in rounds:
        return "a lead moderator"
    return "two moderators" if Round.SECOND in rounds else "a moderator"


def _decided(
    known: Review, verdict: str, kind: str, decisions: Sequence[Decision], *, waits: bool, appeal_pending: bool
) -> Review:
    return replace(
        known,
        waits=waits,
        appeal_pending=appeal_pending,
        verdict=verdict,
        kind_words=FakeKind(kind).label if kind else "",
        who=who_decided(decisions),
        decided_at=decisions[-1].decided_at if decisions else None,
    )
