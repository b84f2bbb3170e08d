"""Giving, changing and withdrawing an answer; who counts; who agreed to what."""

from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from detection.models import AuditEvent, Detection
from learning.feedback import services
from learning.feedback.claims import Answer
from learning.feedback.errors import FeedbackError
from learning.feedback.models import Feedback, LabelDecision, ReporterTrust, TrainingConsent
from tests.factories import make_detection, make_media
from tests.feedback.conftest import MakePerson, Say, seen

pytestmark = pytest.mark.django_db
STATES = ("pending", "accepted", "rejected", "withdrawn")


def refused(code: str) -> "pytest.RaisesExc[FeedbackError]":
    return pytest.raises(FeedbackError, check=lambda error: error.code == code)


def in_state(owner: User, state: str) -> Feedback:
    feedback = services.give(seen(owner), owner, Answer("correct", how="I was there"))
    Feedback.objects.filter(pk=feedback.pk).update(state=state)
    feedback.refresh_from_db()
    return feedback


class TestGive:
    def test_it_works(self, owner: User) -> None:
        given = Answer("incorrect", kind="authentic", how="I took it", source_url="https://example.org/a")
        feedback = services.give(seen(owner), owner, given)
        assert (feedback.state, feedback.claim, feedback.kind) == ("pending", "real", "authentic")
        assert (feedback.how, feedback.source_url) == ("I took it", "https://example.org/a")
        assert AuditEvent.objects.get(verb="feedback_given").actor == owner

    @pytest.mark.parametrize(
        ("verdict", "given", "claim"),
        [
            ("FAKE", Answer("correct"), "fake"),
            ("FAKE", Answer("incorrect"), "real"),
            ("REAL", Answer("correct"), "real"),
            ("REAL", Answer("incorrect"), "fake"),
            ("REAL", Answer("incorrect", kind="synthesis"), "fake"),
            ("REAL", Answer("not_sure", kind="synthesis"), ""),
            ("INCONCLUSIVE", Answer("incorrect", "fake"), "fake"),
            ("INCONCLUSIVE", Answer("incorrect", kind="authentic"), "real"),
            ("INCONCLUSIVE", Answer("correct"), ""),
            ("NOT_APPLICABLE", Answer("incorrect", "real"), "real"),
        ],
    )
    def test_what_it_claims(self, owner: User, verdict: str, given: Answer, claim: str) -> None:
        assert services.give(seen(owner, label=verdict), owner, given).claim == claim

    @pytest.mark.parametrize(
        ("verdict", "given", "code"),
        [
            ("FAKE", Answer("correct", kind="authentic"), "contradiction"),
            ("FAKE", Answer("incorrect", kind="face_swap"), "contradiction"),
            ("REAL", Answer("incorrect", "real"), "contradiction"),
            ("INCONCLUSIVE", Answer("incorrect", "real", kind="edit"), "contradiction"),
            ("INCONCLUSIVE", Answer("incorrect"), "label_missing"),
        ],
    )
    def test_what_makes_no_sense(self, owner: User, verdict: str, given: Answer, code: str) -> None:
        with refused(code):
            services.give(seen(owner, label=verdict), owner, given)
        assert not Feedback.objects.exists()

    @pytest.mark.parametrize("state", ["queued", "running", "failed", "cancelled"])
    def test_only_a_verdict_can_be_judged(self, owner: User, state: str) -> None:
        with refused("not_done"):
            services.give(make_detection(owner, state=state), owner, Answer("correct"))

    def test_saying_it_twice_is_one_answer_and_one_event(self, owner: User) -> None:
        detection = seen(owner)
        first, second = (services.give(detection, owner, Answer("correct")) for _ in range(2))
        assert first == second
        assert AuditEvent.objects.filter(verb__startswith="feedback_").count() == 1

    def test_a_day_allows_so_many(self, owner: User, settings: Settings) -> None:
        settings.DEEPFAKE_FEEDBACK_PER_DAY = 2
        first, _second = [services.give(seen(owner, number), owner, Answer("correct")) for number in range(2)]
        with refused("daily_limit"):
            services.give(seen(owner, 3), owner, Answer("correct"))
        assert services.change(first, Answer("incorrect")).claim == "real"

    def test_incorrect_calls_the_moderators(self, owner: User) -> None:
        detection = seen(owner)
        services.give(detection, owner, Answer("correct"))
        assert not detection.cases.exists()
        services.give(detection, owner, Answer("incorrect", how="I took it"))
        assert detection.cases.get().reason_codes == ["disputed"]
        assert detection.reports.get().text == "I took it"


class TestStates:
    def test_change(self, owner: User) -> None:
        feedback = services.change(in_state(owner, "pending"), Answer("incorrect"))
        assert (feedback.state, feedback.answer, feedback.claim, feedback.how) == ("pending", "incorrect", "real", "")
        assert AuditEvent.objects.get(verb="feedback_changed").data["was"] == "correct"

    @pytest.mark.parametrize(
        ("state", "code"),
        [("accepted", "already_decided"), ("rejected", "already_decided"), ("withdrawn", "withdrawn")],
    )
    def test_no_change_from(self, owner: User, state: str, code: str) -> None:
        feedback = in_state(owner, state)
        with refused(code):
            services.change(feedback, Answer("incorrect"))
        feedback.refresh_from_db()
        assert (feedback.state, feedback.answer) == (state, "correct")

    def test_withdraw_takes_the_words_along(self, owner: User) -> None:
        feedback = in_state(owner, "pending")
        assert services.withdraw(feedback)
        feedback.refresh_from_db()
        assert (feedback.state, feedback.how) == ("withdrawn", "")
        assert not services.withdraw(feedback)
        assert AuditEvent.objects.filter(verb="feedback_withdrawn").count() == 1

    @pytest.mark.parametrize("state", ["accepted", "rejected"])
    def test_no_withdrawal_from(self, owner: User, state: str) -> None:
        feedback = in_state(owner, state)
        with refused("already_decided"):
            services.withdraw(feedback)

    def test_give_again_what_was_withdrawn(self, owner: User) -> None:
        feedback = in_state(owner, "withdrawn")
        again = services.give(feedback.detection, owner, Answer("correct"))
        assert (again.pk, again.state) == (feedback.pk, "pending")

    def test_gone_with_the_account(self, person: MakePerson, say: Say) -> None:
        first, second = person(role="moderator"), person(role="moderator")
        say(first)
        say(second)
        assert LabelDecision.objects.get().state == "standing"
        first.delete()
        assert [row.person for row in Feedback.objects.all()] == [second]


class TestAside:
    def test_setting_aside_revokes_what_rests_on_the_person(self, person: MakePerson, say: Say, admin: User) -> None:
        first, second = person(role="moderator"), person(role="moderator")
        claims = [say(first), say(second)]
        assert services.set_aside(second, admin, "flips everything") == 1
        assert LabelDecision.objects.get().state == "revoked"
        assert set(Feedback.objects.values_list("state", flat=True)) == {"pending"}
        row = ReporterTrust.objects.get(person=second)
        assert (row.set_aside_by, row.set_aside_reason) == ("admin", "flips everything")
        assert AuditEvent.objects.get(verb="reporter_set_aside").actor == admin
        assert len(claims) == 2

    def test_it_can_be_taken_back(self, person: MakePerson, say: Say, admin: User) -> None:
        first, second = person(role="moderator"), person(role="moderator")
        say(first)
        say(second)
        services.set_aside(second, admin)
        assert services.take_back(second, admin) == 1
        assert sorted(LabelDecision.objects.values_list("state", flat=True)) == ["revoked", "standing"]
        assert set(Feedback.objects.values_list("state", flat=True)) == {"accepted"}
        assert AuditEvent.objects.get(verb="reporter_taken_back").actor == admin

    def test_twice_is_once(self, person: MakePerson, admin: User) -> None:
        somebody = person()
        assert services.set_aside(somebody, admin) == services.set_aside(somebody, admin) == 0
        assert AuditEvent.objects.filter(verb="reporter_set_aside").count() == 1
        services.take_back(somebody, admin)
        services.take_back(somebody, admin)
        assert AuditEvent.objects.filter(verb="reporter_taken_back").count() == 1


class TestConsent:
    def test_only_the_owner_allows(self, owner: User, stranger: User) -> None:
        media = make_media(owner)
        assert not services.allow_training(media, stranger, True)
        assert services.allow_training(media, owner, True)
        media.refresh_from_db()
        assert media.may_train
        assert not services.allow_training(media, owner, True)
        assert AuditEvent.objects.get(verb="training_allowed").actor == owner

    def test_the_default_is_off(self, owner: User) -> None:
        assert not services.allow_by_default(owner, False)
        assert services.allow_by_default(owner, True)
        assert TrainingConsent.objects.get(person=owner).by_default


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_answer(owner: User) -> None:
    detection, barrier = seen(owner), Barrier(6)

    def click() -> None:
        barrier.wait()
        try:
            services.give(Detection.objects.get(pk=detection.pk), owner, Answer("incorrect"))
        finally:
            connections.close_all()

    threads = [Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Feedback.objects.get().claim == "real"
    assert AuditEvent.objects.filter(verb__startswith="feedback_").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_make_one_label(person: MakePerson) -> None:
    detections, barrier = [seen(person(role="moderator")) for _ in range(2)], Barrier(2)

    def click(detection: Detection) -> None:
        barrier.wait()
        try:
            services.give(detection, detection.owner, Answer("incorrect"))
        finally:
            connections.close_all()

    threads = [Thread(target=click, args=(detection,)) for detection in detections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [decision.state for decision in LabelDecision.objects.all()] == ["standing"]
    assert set(Feedback.objects.values_list("state", flat=True)) == {"accepted"}


def test_time_of_a_settlement_is_known(person: MakePerson, say: Say) -> None:
    before = timezone.now()
    say(person(role="moderator"))
    feedback = say(person(role="moderator"))
    assert feedback.settled_at is not None
    assert feedback.settled_at >= before
