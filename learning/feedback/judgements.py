"""What moderation decided, as evidence. The only place that reads its rows."""

from collections.abc import Iterable
from datetime import datetime

from detection.moderation.models import Decision, ModerationCase
from detection.moderation.selectors import decided_cases
from learning.feedback.rules import Judgement
from learning.feedback.words import Kind, Label

LABELS = {"real": Label.REAL, "fake": Label.FAKE, "cannot_tell": Label.UNKNOWN, "out_of_scope": Label.UNKNOWN}


def subjects_decided(since: datetime | None, limit: int | None = None) -> list[tuple[str, datetime]]:
    """SHA-256 and time of what was decided since then (or ever), the oldest first; at most so many."""
    rows = decided_cases(since).values_list("detection__media__sha256", "decided_at")
    return [(sha256, decided_at) for sha256, decided_at in rows[:limit] if decided_at is not None]


def subjects_judged_by(person: int) -> set[str]:
    """The SHA-256 of everything that this person decided."""
    mine = decided_cases(None).filter(decisions__moderator=person, decisions__undone_at=None)
    return set(mine.values_list("detection__media__sha256", flat=True))


def judgements_on(hashes: Iterable[str], set_aside: frozenset[int]) -> dict[str, Judgement]:
    """By SHA-256: the last decision on these bytes by somebody who was not set aside; a known label goes before it."""
    found: dict[str, Judgement] = {}
    cases = decided_cases(None).filter(detection__media__sha256__in=list(hashes))
    for case in cases.order_by("is_gold", "decided_at", "pk"):
        judgement = known_label(case) if case.is_gold else decision_of(case, set_aside)
        if judgement:
            found[case.detection.media.sha256] = judgement
    return found


def known_label(case: ModerationCase) -> Judgement:
    """The truth of a hidden known case, whatever was decided about it."""
    return Judgement(LABELS[case.gold_label], gold=True)


def decision_of(case: ModerationCase, set_aside: frozenset[int]) -> Judgement | None:
    """The final verdict with those who came to it; None where all of them were set aside."""
    agreeing = [decision.moderator_id for decision in case.standing if decision.verdict == case.verdict]
    moderators = frozenset(person for person in agreeing if person is not None) - set_aside
    gone = agreeing.count(None)
    if not moderators and not gone:
        return None
    label = LABELS[case.verdict]
    kind = case.kind if label == Label.FAKE and case.kind in Kind.values else ""
    return Judgement(label, kind, moderators, gone=gone)


def record_on_known(person: int, window: int) -> tuple[int, int]:
    """How often a moderator was right and wrong about hidden known cases, the last ones first."""
    known = Decision.objects.filter(moderator=person, undone_at=None, case__is_gold=True).order_by("-decided_at", "-pk")
    outcomes = [verdict == truth for verdict, truth in known.values_list("verdict", "case__gold_label")[:window]]
    return sum(outcomes), len(outcomes) - sum(outcomes)


def deciders(since: datetime | None) -> set[int]:
    """Moderators who decided anything since then."""
    decisions = Decision.objects.filter(moderator__isnull=False)
    if since is not None:
        decisions = decisions.filter(decided_at__gt=since)
    return {person for person in decisions.values_list("moderator", flat=True) if person is not None}
