"""From the first opinion to the last word."""

import pytest
from django.contrib.auth.models import User

from detection.models import AuditEvent
from detection.moderation import claims, services
from detection.moderation.errors import ModerationError
from detection.moderation.selectors import decided_cases
from detection.moderation.services import Choice
from tests.moderation.cases import decide, make_case
from tests.moderation.conftest import Later


def refused(code: str) -> "pytest.RaisesExc[ModerationError]":
    return pytest.raises(ModerationError, match=f"^{code}$")


def test_it_works(owner: User, moderator: User, later: Later) -> None:
    case = make_case(owner)
    decide(case, moderator, "fake", kind="edit", note="The ear is doubled.")
    assert (case.state, case.verdict, case.kind, case.holder) == ("decided", "fake", "edit", None)
    case.detection.refresh_from_db()
    assert case.detection.label == "INCONCLUSIVE", "the machine's verdict stays"
    assert AuditEvent.objects.filter(verb="decided", actor=moderator, object_id=str(case.pk)).exists()
    assert not decided_cases(None).exists(), "it could still be undone"
    later(case, 31)
    (row,) = decided_cases(None)
    assert (row.pk, row.media, row.moderators, row.is_gold) == (case.pk, case.media, [moderator.pk], False)
    assert not decided_cases(row.decided_at).exists()


def test_deciding_needs_the_claim(owner: User, moderator: User, colleague: User) -> None:
    case = make_case(owner)
    with refused("not_held"):
        services.decide(case.pk, moderator, Choice("real"))
    claims.claim(case.pk, moderator)
    with refused("not_held"):
        services.decide(case.pk, colleague, Choice("real"))


def test_a_claim_that_ran_out_decides_nothing(owner: User, moderator: User, colleague: User, later: Later) -> None:
    case = make_case(owner)
    claims.claim(case.pk, moderator)
    later(case, 901)
    with refused("not_held"):
        services.decide(case.pk, moderator, Choice("real"))
    assert claims.claim(case.pk, colleague).holder == colleague


def test_a_fake_has_a_kind(owner: User, moderator: User) -> None:
    case = make_case(owner)
    with refused("kind_missing"):
        decide(case, moderator, "fake", kind="")


@pytest.mark.parametrize(
    ("label", "p_fake", "verdict", "confidence", "state"),
    [
        ("FAKE", 0.95, "real", "sure", "second"),
        ("FAKE", 0.95, "cannot_tell", "sure", "second"),
        ("FAKE", 0.95, "fake", "sure", "decided"),
        ("FAKE", 0.85, "real", "sure", "decided"),
        ("REAL", 0.04, "fake", "sure", "second"),
        ("INCONCLUSIVE", 0.5, "real", "unsure", "second"),
        ("INCONCLUSIVE", 0.5, "real", "fair", "decided"),
        ("NOT_APPLICABLE", 0.99, "real", "sure", "decided"),
    ],
)
def test_when_a_second_opinion_is_needed(
    owner: User, moderator: User, label: str, p_fake: float, verdict: str, confidence: str, state: str
) -> None:
    case = make_case(owner, label, p_fake)
    decide(case, moderator, verdict, confidence=confidence)
    assert case.state == state


def test_two_who_agree(owner: User, moderator: User, colleague: User, later: Later) -> None:
    case = make_case(owner)
    decide(case, moderator, "fake", kind="edit", confidence="unsure")
    later(case, 31)
    decide(case, colleague, "fake", kind="face_swap")
    assert (case.state, case.verdict, case.kind) == ("decided", "fake", "")
    assert case.moderators == [moderator.pk, colleague.pk]


def test_two_who_differ_need_a_lead(
    owner: User, moderator: User, colleague: User, third: User, lead: User, later: Later
) -> None:
    case = make_case(owner)
    decide(case, moderator, "fake", confidence="unsure")
    later(case, 31)
    decide(case, colleague, "real")
    assert (case.state, case.verdict) == ("escalated", "")
    later(case, 31)
    with refused("for_leads"):
        claims.claim(case.pk, third)
    with refused("nothing_to_do"):
        claims.take_next(third)
    assert claims.take_next(lead).pk == case.pk
    services.decide(case.pk, lead, Choice("real"))
    case.refresh_from_db()
    assert (case.state, case.verdict) == ("decided", "real")


def test_nobody_decides_twice(owner: User, moderator: User, later: Later) -> None:
    case = make_case(owner)
    decide(case, moderator, "real", confidence="unsure")
    later(case, 31)
    with refused("decided_before"):
        claims.claim(case.pk, moderator)


def test_nobody_decides_what_is_their_own(moderator: User) -> None:
    case = make_case(moderator)
    with refused("own_media"):
        claims.claim(case.pk, moderator)
    with refused("nothing_to_do"):
        claims.take_next(moderator)


def test_undo(owner: User, moderator: User, colleague: User) -> None:
    case = make_case(owner)
    decision = decide(case, moderator, "real", confidence="unsure")
    with refused("held_by_another"):
        claims.claim(case.pk, colleague)
    services.undo(decision.pk, moderator)
    case.refresh_from_db()
    assert (case.state, case.verdict, case.holder, case.moderators) == ("open", "", moderator, [])
    decide(case, moderator, "fake")
    assert (case.state, case.verdict) == ("decided", "fake")


def test_undo_ends_after_half_a_minute(owner: User, moderator: User, later: Later) -> None:
    case = make_case(owner)
    decision = decide(case, moderator, "real")
    later(case, 31)
    with refused("undo_too_late"):
        services.undo(decision.pk, moderator)


def test_escalation(owner: User, moderator: User, lead: User) -> None:
    case = make_case(owner)
    claims.claim(case.pk, moderator)
    services.escalate(case.pk, moderator, "A politician, the day before the vote.")
    case.refresh_from_db()
    assert (case.state, case.holder) == ("escalated", None)
    assert case.flags["escalated"]["value"].startswith("A politician")
    assert claims.take_next(lead).pk == case.pk


@pytest.mark.parametrize(("verdict", "outcome"), [("fake", "upheld"), ("real", "overturned")])
def test_an_appeal_goes_to_somebody_else(
    owner: User, moderator: User, colleague: User, later: Later, verdict: str, outcome: str
) -> None:
    case = make_case(owner)
    decide(case, moderator, "fake")
    with refused("nothing_to_appeal"):
        services.appeal(case.pk, owner, "It can still be undone.")
    later(case, 31)
    services.appeal(case.pk, owner, "I was there.")
    assert not decided_cases(None).exists()
    with refused("decided_before"):
        claims.claim(case.pk, moderator)
    claims.claim(case.pk, colleague)
    with refused("answer_missing"):
        services.decide(case.pk, colleague, Choice(verdict, "edit"))
    services.decide(case.pk, colleague, Choice(verdict, "edit", answer="We looked again."))
    case.refresh_from_db()
    assert (case.state, case.verdict) == ("decided", verdict)
    assert (case.appeal.state, case.appeal.answer) == (outcome, "We looked again.")
    later(case, 31)
    with refused("already_appealed"):
        services.appeal(case.pk, owner, "Once more.")


def test_undoing_the_answer_to_an_appeal(owner: User, moderator: User, colleague: User, later: Later) -> None:
    case = make_case(owner)
    decide(case, moderator, "fake", kind="edit")
    later(case, 31)
    services.appeal(case.pk, owner, "I was there.")
    decision = decide(case, colleague, "real", answer="You are right.")
    services.undo(decision.pk, colleague)
    case.refresh_from_db()
    assert (case.state, case.verdict, case.kind) == ("appealed", "fake", "edit")
    assert (case.appeal.state, case.appeal.answer) == ("pending", "")


def test_the_reporter_who_was_right_weighs_more(owner: User, stranger: User, moderator: User) -> None:
    for _ in range(3):
        decide(make_case(owner, "FAKE", 0.8), moderator, "real")
        decide(make_case(stranger, "FAKE", 0.8), moderator, "fake")
    trusted, other = make_case(owner, "FAKE", 0.8), make_case(stranger, "FAKE", 0.8)
    assert trusted.trust is not None
    assert other.trust is not None
    assert trusted.trust > 0.6 > 0.4 > other.trust
    assert claims.take_next(moderator).pk == trusted.pk
