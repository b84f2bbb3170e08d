"""The pages of feedback: on the result, the whole form, one's own answers, the reporters."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from detection.models import AuditEvent, MediaFile
from detection.moderation import services as moderation
from learning.feedback import labels, services, urls
from learning.feedback.claims import Answer
from learning.feedback.models import Feedback, LabelDecision, ReporterTrust, TrainingConsent
from learning.registry.models import ModelVersion
from learning.retraining.models import RunItem, Snapshot, SnapshotItem, TrainingRun
from tests.factories import make_detection
from tests.feedback.conftest import MakePerson, Say, judged, seen

PATTERNS = {str(pattern.name): pattern for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)}
ONES_OWN = ["give", "consent", "story", "withdraw"]
ADMINISTRATION = ["reporters", "rebuild", "set-aside", "take-back"]


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return str(response.content.decode())


def result(feedback_or_detection: Any) -> str:
    detection = getattr(feedback_or_detection, "detection", feedback_or_detection)
    return reverse("detection:result", args=[detection.pk])


@pytest.fixture
def feedback(owner: User) -> Feedback:
    return services.give(seen(owner), owner, Answer("incorrect", how="I took it"))


def address(name: str, feedback: Feedback) -> str:
    values = {"detection_id": feedback.detection_id, "feedback_id": feedback.pk, "person_id": feedback.person_id}
    return reverse(f"feedback:{name}", kwargs={key: values[key] for key in PATTERNS[name].pattern.converters})


def codes(client: Client, name: str, feedback: Feedback) -> set[int]:
    return {getattr(client, method)(address(name, feedback)).status_code for method in ("get", "post")}


class TestWho:
    def test_every_address_is_walked(self) -> None:
        assert set(PATTERNS) == {*ONES_OWN, *ADMINISTRATION, "mine", "consent-default"}

    def test_anonymous_visitors_sign_in(self, anonymous_client: Client, feedback: Feedback) -> None:
        for name in PATTERNS:
            for method in ("get", "post"):
                response = getattr(anonymous_client, method)(address(name, feedback))
                assert response.status_code == 302, name
                assert response["Location"].startswith(reverse("login")), name

    @pytest.mark.parametrize("who", ["stranger", "moderator", "lead", "admin"])
    def test_what_is_somebody_elses_does_not_exist(self, request: pytest.FixtureRequest, owner: User, who: str) -> None:
        feedback = services.give(seen(owner), owner, Answer("correct"))  # not flagged
        client = browser(request.getfixturevalue(who))
        for name in ONES_OWN:
            assert codes(client, name, feedback) <= {404, 405}, name
        assert feedback.detection.media.name not in text_of(client, reverse("feedback:mine"))
        assert Feedback.objects.get().state == "pending"

    @pytest.mark.parametrize("who", ["owner", "moderator", "lead"])
    def test_reporters_are_for_administrators(
        self, request: pytest.FixtureRequest, feedback: Feedback, who: str
    ) -> None:
        client = browser(request.getfixturevalue(who))
        for name in ADMINISTRATION:
            assert codes(client, name, feedback) <= {403, 405}, name
            assert 403 in codes(client, name, feedback), name
        assert not ReporterTrust.objects.exclude(set_aside_at=None).exists()

    def test_moderators_answer_on_flagged_ones(self, moderator: User, owner: User) -> None:
        detection = seen(owner)
        moderation.report(detection, owner, "")
        client = browser(moderator)
        response = client.post(reverse("feedback:give", args=[detection.pk]), {"answer": "incorrect"})
        mine = Feedback.objects.get(person=moderator)
        assert response["Location"] == reverse("feedback:story", args=[mine.pk])
        assert client.get(result(detection)).status_code == 404

    def test_a_role_can_be_given_the_page_without_the_button(self, admin: User, person: MakePerson) -> None:
        services.give(seen(admin), admin, Answer("correct"))
        assert "Set aside" in text_of(browser(admin), reverse("feedback:reporters"))
        looker = person(role="looker")
        looker.user_permissions.add(Permission.objects.get(codename="view_reportertrust"))
        assert "Set aside" not in text_of(browser(looker), reverse("feedback:reporters"))


class TestResultPage:
    def test_three_buttons_that_need_no_script(self, owner: User, owner_client: Client) -> None:
        detection = seen(owner)
        page = text_of(owner_client, result(detection))
        for value in ("correct", "incorrect", "not_sure"):
            assert f'name="answer" value="{value}"' in page
        response = owner_client.post(reverse("feedback:give", args=[detection.pk]), {"answer": "incorrect"})
        assert response["Location"] == f"{result(detection)}#feedback"
        page = text_of(owner_client, result(detection))
        assert "You said: <strong>Incorrect</strong>" in page
        assert "Not decided yet" in page

    def test_where_the_verdict_says_neither_the_person_does(self, owner: User, owner_client: Client) -> None:
        detection = seen(owner, label="INCONCLUSIVE", p_fake=0.5)
        assert "It is fake" in text_of(owner_client, result(detection))
        owner_client.post(reverse("feedback:give", args=[detection.pk]), {"answer": "fake"})
        assert Feedback.objects.get().claim == "fake"
        assert "It is fake</strong>" in text_of(owner_client, result(detection))

    @pytest.mark.parametrize("state", ["queued", "failed"])
    def test_without_a_verdict_there_is_nothing_to_judge(self, owner: User, owner_client: Client, state: str) -> None:
        detection = make_detection(owner, state=state)
        assert 'id="feedback"' not in text_of(owner_client, result(detection))
        response = owner_client.post(reverse("feedback:give", args=[detection.pk]), {"answer": "fake"}, follow=True)
        assert "There is no verdict yet" in response.content.decode()
        assert not Feedback.objects.exists()

    def test_withdraw(self, feedback: Feedback, owner_client: Client) -> None:
        owner_client.post(address("withdraw", feedback))
        page = text_of(owner_client, result(feedback))
        assert "is withdrawn" in page
        assert 'name="answer" value="correct"' in page

    def test_decided_answers_have_no_more_buttons(
        self, feedback: Feedback, owner_client: Client, moderator: User
    ) -> None:
        judged(feedback.detection, moderator, "real")
        labels.catch_up()
        page = text_of(owner_client, result(feedback))
        assert "Accepted: it was decided that this is real, as you said." in page
        assert address("withdraw", feedback) not in page
        response = owner_client.post(address("withdraw", feedback), follow=True)
        assert "can no longer be changed or withdrawn" in response.content.decode()

    def test_consent_for_one_file(self, owner: User, owner_client: Client) -> None:
        detection = seen(owner, may_train=False)
        assert "Let it be used" in text_of(owner_client, result(detection))
        owner_client.post(reverse("feedback:consent", args=[detection.pk]), {"may_train": "yes"})
        assert MediaFile.objects.get().may_train
        owner_client.post(reverse("feedback:consent", args=[detection.pk]), {"may_train": "no"})
        assert not MediaFile.objects.get().may_train

    def test_consent_for_what_comes(self, owner: User, owner_client: Client) -> None:
        switch = 'autocomplete="off" checked>'
        assert switch not in text_of(owner_client, reverse("home"))
        owner_client.post(reverse("feedback:consent-default"), {"by_default": "yes"})
        assert TrainingConsent.objects.get().person == owner
        assert switch in text_of(owner_client, reverse("home"))
        assert "starts <strong>on</strong>" in text_of(owner_client, reverse("profile"))


class TestForm:
    def test_everything_can_be_said_and_is_there_the_next_time(self, owner: User, owner_client: Client) -> None:
        detection = seen(owner)
        form = {"answer": "correct", "kind": "face_swap", "how": "<b>I know</b>", "source_url": "https://example.org/"}
        assert owner_client.post(reverse("feedback:give", args=[detection.pk]), form).status_code == 302
        page = text_of(owner_client, reverse("feedback:give", args=[detection.pk]))
        assert "&lt;b&gt;I know&lt;/b&gt;" in page
        assert 'value="correct" required' in page or "checked" in page
        assert '<option value="face_swap" selected>' in page

    @pytest.mark.parametrize(
        ("form", "words"),
        [
            ({}, "This field is required"),
            ({"answer": "maybe"}, "Select a valid choice"),
            ({"answer": "correct", "kind": "magic"}, "Select a valid choice"),
            ({"answer": "correct", "kind": "authentic"}, "contradict each other"),
            ({"answer": "correct", "how": "x" * 2001}, "at most 2000"),
            ({"answer": "correct", "source_url": "javascript:alert(1)"}, "Enter a valid URL"),
        ],
    )
    def test_what_cannot_be_taken_is_explained(
        self, owner: User, owner_client: Client, form: dict[str, str], words: str
    ) -> None:
        response = owner_client.post(reverse("feedback:give", args=[seen(owner).pk]), form)
        assert response.status_code == 400
        assert words in response.content.decode()
        assert not Feedback.objects.exists()

    def test_forged_requests_are_refused(self, feedback: Feedback, owner: User) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(owner)
        for name in ("give", "withdraw", "consent", "consent-default"):
            assert client.post(address(name, feedback)).status_code == 403, name


class TestStory:
    def test_a_list_and_its_empty_state(self, owner_client: Client, owner: User) -> None:
        assert "You have not said anything yet" in text_of(owner_client, reverse("feedback:mine"))
        given = services.give(seen(owner), owner, Answer("correct"))
        assert address("story", given) in text_of(owner_client, reverse("feedback:mine"))

    def test_what_later_versions_say_regressions_too(
        self, feedback: Feedback, owner: User, owner_client: Client, moderator: User
    ) -> None:
        judged(feedback.detection, moderator, "real")
        labels.catch_up()
        page = text_of(owner_client, address("story", feedback))
        assert "A moderator decided: real." in page
        assert "The next training may learn from it." in page
        for day, (version, label) in enumerate((("v2", "REAL"), ("v3", "FAKE"), ("v4", "FAKE")), 1):
            again = make_detection(owner, feedback.detection.media, state="done", label=label, model_version=version)
            type(again).objects.filter(pk=again.pk).update(finished_at=feedback.changed_at + timedelta(days=day))
        page = text_of(owner_client, address("story", feedback))
        assert "Fixed in version v2" in page
        assert "Got worse in version v3" in page
        assert "Not fixed yet in version v4" in page

    @pytest.mark.parametrize(
        ("state", "promoted", "words"),
        [
            ("champion", True, "It became version v2, which went into use."),
            ("candidate", False, "It made version v2, which is not in use."),
            ("refused", False, "What it made was refused"),
        ],
    )
    def test_in_which_run_and_what_it_made_of_it(
        self, feedback: Feedback, owner_client: Client, moderator: User, state: str, promoted: bool, words: str
    ) -> None:
        judged(feedback.detection, moderator, "real")
        labels.catch_up()
        version = ModelVersion.objects.create(
            name="v2", state=state, manifest_sha256="0" * 64, promoted_at=timezone.now() if promoted else None
        )
        snapshot = Snapshot.objects.create(digest="1" * 64)
        sha256 = feedback.detection.media.sha256
        item = SnapshotItem.objects.create(snapshot=snapshot, sha256=sha256, fake=False, weight=1, share="train")
        run = TrainingRun.objects.create(
            state="candidate", slot=None, trigger="button", candidate=version, snapshot=snapshot
        )
        RunItem.objects.create(run=run, item=item, before=0.8, after=0.3)
        page = text_of(owner_client, address("story", feedback))
        assert f"Took part in training {run.pk}, trained on" in page
        assert "P(fake) 80 % before, 30 % after: right now." in page
        assert words in page
        assert "The next training" not in page
        RunItem.objects.update(before=0.3, after=0.8)
        assert "wrong now, and right before" in text_of(owner_client, address("story", feedback))

    def test_it_says_why_an_accepted_answer_does_not_train(
        self, feedback: Feedback, owner: User, owner_client: Client, moderator: User
    ) -> None:
        judged(feedback.detection, moderator, "real")
        labels.catch_up()
        services.allow_training(feedback.detection.media, owner, False)
        assert "Not used for training" in text_of(owner_client, address("story", feedback))

    def test_which_cases_are_known_ones_stays_hidden(
        self, feedback: Feedback, owner_client: Client, moderator: User
    ) -> None:
        case = judged(feedback.detection, moderator, "real")
        type(case).objects.filter(pk=case.pk).update(is_gold=True, gold_label="real")
        labels.catch_up()
        page = text_of(owner_client, address("story", feedback))
        assert LabelDecision.objects.get().source == "gold"
        assert "A moderator decided: real." in page
        assert "known" not in page.split("<main")[1].split("How you know")[0]


def test_the_history_shows_what_one_said(feedback: Feedback, owner: User, owner_client: Client) -> None:
    seen(owner, 1)
    page = text_of(owner_client, reverse("detection:history"))
    assert page.count(f'<a href="{address("story", feedback)}">Incorrect</a>') == 1


class TestReporters:
    def test_one_click_aside_and_back(self, admin: User, person: MakePerson, say: Say) -> None:
        first, second = person("anna", "moderator"), person("ben", "moderator")
        say(first)
        given = say(second)
        client = browser(admin)
        page = text_of(client, reverse("feedback:reporters"))
        assert "anna" in page
        assert "2 by 2 people: 2 correct, 0 incorrect, 0 not sure" in page
        assert "agreement: 1 fake" in page
        response = client.post(address("set-aside", given), {"reason": "a bot"}, follow=True)
        page = response.content.decode()
        assert "ben is set aside. Labels that changed: 1." in page
        assert "a bot" in page
        response = client.post(address("take-back", given), follow=True)
        assert "ben counts again. Labels that changed: 1." in response.content.decode()

    def test_rebuilding_is_on_the_record(self, admin: User) -> None:
        browser(admin).post(reverse("feedback:rebuild"))
        assert AuditEvent.objects.get(verb="labels_rebuilt").actor == admin

    def test_nobody_yet(self, admin: User) -> None:
        assert "Nobody has given feedback yet" in text_of(browser(admin), reverse("feedback:reporters"))


def test_nothing_inline_on_any_page(owner_client: Client, admin: User, feedback: Feedback) -> None:
    pages = [text_of(owner_client, address(name, feedback)) for name in ("give", "story", "mine")]
    for page in [*pages, text_of(browser(admin), reverse("feedback:reporters"))]:
        assert " style=" not in page
        assert " onclick" not in page
