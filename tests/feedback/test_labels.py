"""Labels follow their evidence, from the rows; and what of them may train."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from detection import similarity
from detection.models import MediaFile
from detection.moderation import services as moderation
from detection.moderation.models import ModerationCase
from detection.services import delete_media, purge_media
from learning.feedback import labels, services
from learning.feedback.claims import Answer
from learning.feedback.models import Feedback, LabelDecision, ReporterTrust, Subject
from learning.feedback.selectors import training_labels, why_not
from tests.feedback.conftest import MakePerson, Say, judged, picture, seen

pytestmark = pytest.mark.django_db


def states() -> list[str]:
    return sorted(Feedback.objects.values_list("state", flat=True))


@pytest.fixture
def pair(person: MakePerson) -> list[User]:
    """Two people who are believed from the start."""
    return [person("anna", "moderator"), person("ben", "moderator")]


class TestAgreement:
    def test_it_works(self, pair: list[User], say: Say) -> None:
        first = say(pair[0], kind="face_swap")
        assert first.state == "pending"
        second = say(pair[1])
        decision = LabelDecision.objects.get()
        assert (decision.label, decision.source, decision.state) == ("fake", "agreement", "standing")
        assert set(decision.reporters.all()) == set(pair)
        assert second.decision == decision
        assert states() == ["accepted", "accepted"]

    def test_of_people_who_are_not_trusted_it_takes_any_number(self, person: MakePerson, say: Say) -> None:
        for _ in range(5):
            say(person())
        assert not LabelDecision.objects.exists()

    def test_the_untrusted_are_told_all_the_same(self, pair: list[User], person: MakePerson, say: Say) -> None:
        say(person(), answer="incorrect")
        say(person(), answer="correct")
        say(person(), answer="not_sure")
        for one in pair:
            say(one)
        assert states() == ["accepted", "accepted", "accepted", "pending", "rejected"]

    def test_a_young_account_does_not_count(self, pair: list[User], person: MakePerson, say: Say) -> None:
        say(pair[0])
        say(person(role="moderator", date_joined=timezone.now() - timedelta(days=6)))
        assert not LabelDecision.objects.exists()

    def test_somebody_trusted_against_revokes_it(self, pair: list[User], person: MakePerson, say: Say) -> None:
        for one in pair:
            say(one)
        say(person(role="moderator"), answer="incorrect")
        assert LabelDecision.objects.get().state == "revoked"
        assert states() == ["pending"] * 3

    def test_a_withdrawn_claim_is_none(self, pair: list[User], person: MakePerson, say: Say) -> None:
        against = say(person(role="moderator"), answer="incorrect")
        for one in pair:
            say(one)
        assert not LabelDecision.objects.exists()
        services.withdraw(against)
        assert LabelDecision.objects.get().label == "fake"

    def test_near_duplicates_support_each_other(self, pair: list[User], say: Say) -> None:
        first = seen(pair[0], 1)
        similarity.remember(first.media_id, "00000000000000ff")
        services.give(first, pair[0], Answer("correct"))
        assert not LabelDecision.objects.exists()
        second = seen(pair[1], 2)
        similarity.remember(second.media_id, "00000000000000fe")
        services.give(second, pair[1], Answer("correct"))
        assert {one.subject_id for one in LabelDecision.objects.all()} == set(
            Subject.objects.values_list("sha256", flat=True)
        )

    def test_settling_again_changes_nothing(self, pair: list[User], say: Say) -> None:
        for one in pair:
            say(one)
        assert labels.rebuild(labels.everything()) == 0
        assert LabelDecision.objects.count() == 1


class TestModerators:
    def test_it_works(self, person: MakePerson, say: Say, moderator: User) -> None:
        right, wrong = say(person(), answer="incorrect"), say(person(), answer="correct")
        judged(right.detection, moderator, "real")
        assert labels.catch_up() == 1
        decision = LabelDecision.objects.get()
        assert (decision.label, decision.source) == ("real", "moderator")
        assert list(decision.moderators.all()) == [moderator]
        right.refresh_from_db()
        wrong.refresh_from_db()
        assert (right.state, wrong.state, right.decision) == ("accepted", "rejected", decision)

    def test_reading_it_again_changes_nothing(self, person: MakePerson, say: Say, moderator: User) -> None:
        judged(say(person()).detection, moderator, "fake", kind="edit")
        assert [labels.catch_up(), labels.catch_up(), labels.rebuild(labels.everything())] == [1, 0, 0]
        assert LabelDecision.objects.get().kind == "edit"

    def test_a_long_backlog_is_read_task_by_task(
        self, person: MakePerson, say: Say, moderator: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(labels, "AT_ONCE", 2)
        somebody = person()
        for number in range(5):
            judged(say(somebody, number).detection, moderator, "fake")
        assert [labels.catch_up() for _ in range(4)] == [2, 2, 1, 0]

    @pytest.mark.parametrize("verdict", ["cannot_tell", "out_of_scope"])
    def test_who_cannot_tell_closes_it_and_trains_nothing(
        self, person: MakePerson, say: Say, moderator: User, verdict: str
    ) -> None:
        feedback = say(person())
        judged(feedback.detection, moderator, verdict)
        labels.catch_up()
        feedback.refresh_from_db()
        assert (feedback.state, LabelDecision.objects.get().label) == ("rejected", "unknown")
        assert training_labels(timezone.now()) == []
        assert ReporterTrust.objects.get(person=feedback.person).wrong == 0

    def test_an_appeal_that_turns_it_turns_the_feedback(self, person: MakePerson, say: Say, moderator: User) -> None:
        feedback = say(person(), answer="incorrect")
        case = judged(feedback.detection, moderator, "fake")
        labels.catch_up()
        feedback.refresh_from_db()
        assert feedback.state == "rejected"
        moderation.appeal(case.pk, feedback.person, "I took it myself")
        judged(feedback.detection, person(role="moderator"), "real", answer="You are right.")
        labels.catch_up()
        feedback.refresh_from_db()
        assert feedback.state == "accepted"
        assert sorted(LabelDecision.objects.values_list("state", flat=True)) == ["standing", "superseded"]

    def test_against_a_sure_model_one_moderator_waits_for_a_second_person(
        self, person: MakePerson, say: Say, moderator: User
    ) -> None:
        feedback = say(person(), answer="incorrect", p_fake=0.96)
        case = judged(feedback.detection, moderator, "real")
        ModerationCase.objects.filter(pk=case.pk).update(state="decided")
        labels.catch_up()
        assert not LabelDecision.objects.exists()
        say(person(role="moderator"), answer="incorrect", p_fake=0.96)
        assert LabelDecision.objects.get().label == "real"

    def test_a_moderator_who_is_set_aside_decides_nothing(
        self, person: MakePerson, say: Say, moderator: User, admin: User
    ) -> None:
        feedback = say(person())
        judged(feedback.detection, moderator, "fake")
        labels.catch_up()
        assert services.set_aside(moderator, admin) == 1
        feedback.refresh_from_db()
        assert (feedback.state, LabelDecision.objects.get().state) == ("pending", "revoked")

    def test_known_cases_train_nothing_and_measure_everybody(
        self, person: MakePerson, say: Say, moderator: User
    ) -> None:
        feedback = say(person(), answer="incorrect")
        case = judged(feedback.detection, moderator, "fake")
        ModerationCase.objects.filter(pk=case.pk).update(is_gold=True, gold_label="real")
        labels.catch_up()
        assert LabelDecision.objects.get().source == "gold"
        assert training_labels(timezone.now()) == []
        told = {row.person: (row.right, row.wrong) for row in ReporterTrust.objects.all()}
        assert told == {feedback.person: (1, 0), moderator: (0, 1)}

    def test_whoever_is_right_five_times_makes_labels(self, person: MakePerson, say: Say, moderator: User) -> None:
        first, second = person(), person()
        for number in range(5):
            say(first, number)
            judged(say(second, number).detection, moderator, "fake")
        say(first, 10)
        say(second, 10)
        assert not LabelDecision.objects.exists()
        labels.catch_up()
        assert ReporterTrust.objects.get(person=first).level == "medium"
        assert LabelDecision.objects.filter(source="agreement").get().reporters.count() == 2

    def test_agreeing_with_each_other_earns_no_trust(self, pair: list[User], person: MakePerson, say: Say) -> None:
        follower = person()
        for number in range(3):
            for one in (*pair, follower):
                say(one, number)
        trust = ReporterTrust.objects.get(person=follower)
        assert Feedback.objects.filter(person=follower, state="accepted").count() == 3
        assert (trust.right, trust.level) == (0, "low")


class TestTraining:
    @pytest.fixture
    def labelled(self, pair: list[User], say: Say) -> MediaFile:
        """The oldest copy of a picture about which two people agree."""
        first, _second = [say(one) for one in pair]
        return first.detection.media

    def test_it_works(self, labelled: MediaFile, pair: list[User]) -> None:
        [item] = training_labels(timezone.now())
        assert (item.media, item.label, item.source) == (labelled, "fake", "agreement")
        assert item.reporters == tuple(sorted(one.pk for one in pair))
        assert 0.5 < item.weight < 1

    def test_only_what_was_known_at_that_time(self, labelled: MediaFile, pair: list[User], admin: User) -> None:
        before = LabelDecision.objects.get().decided_at - timedelta(seconds=1)
        known = timezone.now()
        services.set_aside(pair[0], admin)
        assert [len(training_labels(at)) for at in (before, known, timezone.now())] == [0, 1, 0]

    def test_without_consent_nothing_trains(self, labelled: MediaFile, settings: Settings) -> None:
        MediaFile.objects.update(may_train=False)
        assert training_labels(timezone.now()) == []
        assert why_not(timezone.now()) == {labelled.sha256: "consent"}
        settings.DEEPFAKE_TRAIN_WITHOUT_CONSENT = True
        assert len(training_labels(timezone.now())) == 1

    def test_the_copy_of_somebody_who_agreed_is_taken(self, labelled: MediaFile, pair: list[User]) -> None:
        services.allow_training(labelled, pair[0], False)
        [item] = training_labels(timezone.now())
        assert item.media.owner == pair[1]

    def test_deleted_and_purged_media_are_gone_from_the_next_set(self, labelled: MediaFile, pair: list[User]) -> None:
        purge_media(labelled)
        [item] = training_labels(timezone.now())
        delete_media(item.media, pair[1])
        assert training_labels(timezone.now()) == []

    def test_one_of_a_cluster(self, pair: list[User], say: Say) -> None:
        for number in range(3):
            for one in pair:
                say(one, number)
        cluster = Subject.objects.order_by("seen_at")[0].sha256
        assert len(training_labels(timezone.now(), base_items=1000)) == 3
        Subject.objects.update(cluster=cluster)
        assert len(training_labels(timezone.now(), base_items=1000)) == 1
        assert sorted(why_not(timezone.now(), base_items=1000).values()) == ["near_duplicate"] * 2

    def test_the_same_rows_give_the_same_list(self, pair: list[User], say: Say) -> None:
        for number in range(4):
            for one in pair:
                say(one, number)
        now = timezone.now()
        assert training_labels(now, 1000) == training_labels(now, 1000)
        assert len({picture(number) for number in range(4)}) == 4
