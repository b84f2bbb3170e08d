"""How far moderators agree, against an independent reference."""

import random

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from sklearn.metrics import cohen_kappa_score

from detection.moderation import agreement, flagging, services
from detection.moderation.words import Verdict
from tests.moderation.cases import decide, make_case
from tests.moderation.conftest import Later


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_cohens(seed: int) -> None:
    draw = random.Random(seed)
    one = draw.choices(Verdict.values, k=60)
    other = [verdict if draw.random() < 0.6 else draw.choice(Verdict.values) for verdict in one]
    expected = cohen_kappa_score(one, other)
    assert agreement.cohens_kappa(list(zip(one, other, strict=True))) == pytest.approx(expected)


def test_kappa_where_there_is_none() -> None:
    assert agreement.cohens_kappa([]) is None
    assert agreement.cohens_kappa([("fake", "fake")] * 3) is None


def test_first_and_second_opinions(owner: User, moderator: User, colleague: User, third: User, later: Later) -> None:
    for first, second, by in [("fake", "fake", colleague), ("real", "real", colleague), ("fake", "real", third)]:
        case = make_case(owner)
        decide(case, moderator, first, confidence="unsure")
        later(case, 31)
        decide(case, by, second)
    decide(make_case(owner), moderator, "fake")  # nobody else was asked
    total = agreement.overall()
    assert total.count == 3
    assert total.observed == pytest.approx(2 / 3)
    assert total.kappa == pytest.approx(0.4)
    pairs = {row.names: row for row in agreement.by_pair()}
    assert pairs["moderator", "colleague"].count == 2
    assert pairs["moderator", "colleague"].kappa == pytest.approx(1.0)
    assert pairs["moderator", "third"].observed == 0.0


def test_what_was_taken_back_does_not_count(owner: User, moderator: User, colleague: User, later: Later) -> None:
    case = make_case(owner)
    decide(case, moderator, "fake", confidence="unsure")
    later(case, 31)
    services.undo(decide(case, colleague, "real").pk, colleague)
    assert agreement.overall().count == 0


def test_known_cases_measure(owner: User, moderator: User, colleague: User, lead: User, later: Later) -> None:
    for verdict in ("fake", "real"):
        known = make_case(owner)
        decide(known, lead, "fake")
        later(known, 31)
        services.make_known(known.pk, lead)
        gold = flagging.mix_in()
        assert gold is not None
        decide(gold, moderator, verdict)
    (score,) = agreement.gold_scores()
    assert (score.name, score.count, score.right, score.accuracy) == ("moderator", 2, 1, 0.5)
    assert 0.05 < score.low < 0.5 < score.high < 0.95


def test_the_interval_is_wilsons() -> None:
    """Against the table in Brown, Cai and DasGupta (2001): 0 of 10 and 8 of 10."""
    assert list(agreement.wilson(0, 10)) == pytest.approx([0.0, 0.2775], abs=1e-3)
    assert list(agreement.wilson(8, 10)) == pytest.approx([0.4902, 0.9433], abs=1e-3)


def test_templates_are_changed_in_the_admin_and_decisions_are_not(admin: User, owner: User, moderator: User) -> None:
    client = Client()
    client.force_login(admin)
    decision = decide(make_case(owner), moderator, "fake")
    assert client.get(reverse("admin:moderation_decision_changelist")).status_code == 200
    page = client.get(reverse("admin:moderation_decision_change", args=[decision.pk])).content.decode()
    assert 'name="_save"' not in page
    assert client.get(reverse("admin:moderation_moderationcase_changelist")).status_code == 200
    assert client.post(reverse("admin:moderation_decisiontemplate_add"), {}).status_code == 200
