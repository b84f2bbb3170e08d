"""The policy, reason by reason."""

import uuid

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from detection import leases, services
from detection.models import Detection
from detection.moderation import flagging
from detection.moderation import services as moderation
from detection.moderation.errors import ModerationError
from detection.moderation.models import ModerationCase
from detection.moderation.words import Reason
from tests.factories import make_detection, make_media, make_verdict
from tests.moderation.cases import decide, make_case, make_result
from tests.moderation.conftest import Later


def codes(case: ModerationCase | None) -> list[str]:
    return case.reason_codes if case else []


def flagged(detection: Detection) -> list[str]:
    return codes(flagging.consider(detection))


def test_it_works(owner: User) -> None:
    case = make_case(owner, "INCONCLUSIVE", 0.45)
    assert codes(case) == ["inconclusive"]
    assert case.flags["inconclusive"]["value"] == 0.45


@pytest.mark.parametrize(
    ("label", "p_fake", "members", "expected"),
    [
        ("REAL", 0.05, {"cnn": 0.1, "vit": 0.05}, []),
        ("FAKE", 0.97, {"cnn": 0.9, "vit": 0.9}, []),
        ("FAKE", 0.985, {"cnn": 0.9, "vit": 0.9}, ["stakes"]),
        ("FAKE", 0.8, {"cnn": 0.1, "vit": 0.9}, ["members"]),
        ("INCONCLUSIVE", 0.5, {"cnn": 0.1, "vit": 0.9}, ["inconclusive", "members"]),
        ("NOT_APPLICABLE", 0.99, {"cnn": 0.1, "vit": 0.9}, []),
    ],
)
def test_what_the_machine_says(
    owner: User, label: str, p_fake: float, members: dict[str, float], expected: list[str]
) -> None:
    assert flagged(make_result(owner, label, p_fake, members=members)) == expected


def test_a_member_that_the_gate_ignores_does_not_disagree(owner: User) -> None:
    detection = make_result(owner, "FAKE", 0.8)
    assert detection.result is not None
    detection.result["members"] = {"cnn": {"p_fake": 0.0, "weight": 0.02}, "vit": {"p_fake": 0.9, "weight": 0.98}}
    assert flagged(detection) == []


def test_the_owner_disputes(owner: User) -> None:
    detection = make_result(owner, "FAKE", 0.8)
    case = moderation.report(detection, owner, "I took this picture.")
    assert codes(case) == ["disputed"]
    assert moderation.report(detection, owner, "Again.").pk == case.pk
    assert detection.reports.get().text == "Again."


def test_several_people_report_the_same_bytes(owner: User, stranger: User) -> None:
    mine, yours = make_media(owner), make_media(stranger)
    first = moderation.report(make_result(owner, "FAKE", 0.8, media=mine), owner, "")
    second = moderation.report(make_result(stranger, "FAKE", 0.8, media=yours), stranger, "")
    first.refresh_from_db()
    assert codes(first) == codes(second) == ["disputed", "reported"]
    again = make_result(stranger, "REAL", 0.2, media=yours)
    assert flagged(again) == ["reported"]


def test_what_is_not_finished_cannot_be_reported(owner: User) -> None:
    with pytest.raises(ModerationError, match="not_finished"):
        moderation.report(make_detection(owner), owner, "")


def test_chance_draws_the_same_again(owner: User, settings: Settings) -> None:
    settings.DEEPFAKE_AUDIT_SHARE = 0.5
    results = [make_result(owner, "REAL", 0.05) for _ in range(40)]
    drawn = {one.pk for one in results if flagged(one) == ["audit"]}
    assert 5 < len(drawn) < 35
    assert {one.pk for one in results if "audit" in flagging.reasons_for(one)} == drawn


def test_the_share_is_about_what_was_asked_for() -> None:
    ids = [uuid.UUID(int=number) for number in range(5000)]
    assert 60 <= sum(flagging.drawn("audit", one, 0.02) for one in ids) <= 140


def test_a_verdict_of_the_worker_is_flagged_at_once(owner: User) -> None:
    detection = make_detection(owner)
    lease = leases.claim(detection.pk)
    assert lease is not None
    verdict = make_verdict(0.5, label="INCONCLUSIVE", band="inconclusive")
    assert services.record_verdict(detection.pk, lease.token, verdict)
    assert codes(ModerationCase.objects.get(detection=detection)) == [
        "inconclusive",
    ]


def test_an_appeal_is_a_reason(owner: User, moderator: User, later: Later) -> None:
    case = make_case(owner)
    decide(case, moderator, "fake")
    later(case, 31)
    moderation.appeal(case.pk, owner, "No.")
    case.refresh_from_db()
    assert codes(case) == ["appeal", "inconclusive"]
    assert case.state == "appealed"


def test_known_cases_look_like_the_others(
    owner: User, moderator: User, lead: User, settings: Settings, later: Later
) -> None:
    known = make_case(owner, "FAKE", 0.99)
    decide(known, moderator, "fake")
    later(known, 31)
    moderation.make_known(known.pk, lead)
    settings.DEEPFAKE_GOLD_SHARE = 1.0
    make_case(owner)
    gold = ModerationCase.objects.get(is_gold=True)
    assert (gold.detection_id, gold.gold_label, gold.state) == (known.detection_id, "fake", "open")
    assert codes(gold) == [Reason.STAKES.value]
    make_case(owner)
    assert ModerationCase.objects.filter(is_gold=True).count() == 1, "it is in the queue already"


def test_media_that_goes_takes_its_case_along(owner: User) -> None:
    media = make_media(owner)
    make_case(owner, media=media)
    services.delete_media(media, owner)
    assert not ModerationCase.objects.exists()
