"""A version in shadow: what it is asked and when, that nobody notices, and what administrators see of it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task
from pytest_django import Settings

from detection import pipeline, queue
from detection.models import AuditEvent, Detection
from detection.services import delete_media, purge_media
from learning.feedback.models import LabelDecision, Subject
from learning.registry import shadowing, tasks
from learning.registry.comparison import comparisons
from learning.registry.errors import RegistryError
from learning.registry.models import ModelVersion, ShadowScore
from learning.registry.services import end_shadow, promote, refuse, register, shadow
from ml_core.datatypes import Frame, Kind
from ml_core.errors import InferenceError, MediaError
from ml_core.versions import set_champion
from tests.api.conftest import problem_of
from tests.factories import make_detection, make_media, make_user, make_verdict, token_client
from tests.registry.conftest import judge
from tests.registry.versions import make_folder
from tests.tiny import make_tiny_version

State = ModelVersion.State
PAGE = "/models/two/"


class FakeHost:
    """Answers 0.2, REAL, and counts; `meanwhile` happens while it answers."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None, unreadable: bool = False) -> None:
        self.asked: list[str | None] = []
        self.meanwhile, self.unreadable = meanwhile, unreadable

    def open(self) -> AbstractContextManager[pipeline.Tools]:
        @contextmanager
        def opened() -> Iterator[pipeline.Tools]:
            yield pipeline.Tools(self.decode, self.predict)

        return opened()

    def decode(self, path: Path, info_kind: Kind, format: str, *, timeout: float) -> list[Frame]:
        path.read_bytes()
        if self.unreadable:
            raise MediaError("unreadable")
        return []

    def predict(
        self, frames: list[Frame], kind: Kind, on_stage: Callable[[str], None], version: str | None
    ) -> dict[str, Any]:
        self.asked.append(version)
        on_stage("models")
        self.meanwhile()
        return make_verdict(0.2, label="REAL", model_version=version)


@pytest.fixture
def watched(two: ModelVersion, admin: User) -> ModelVersion:
    return shadow(two, admin)


@pytest.fixture
def done(watched: ModelVersion, owner: User) -> Detection:
    """FAKE with 0.87, says the champion."""
    return make_detection(owner, state="done", model_version="one")


def fail() -> None:
    raise InferenceError("out of memory")


def waiting() -> list[str]:
    return [row.func() for row in OrmQ.objects.filter(key="training")]


class TestStates:
    def test_there_and_back(self, two: ModelVersion, admin: User) -> None:
        assert shadow(two, admin).state == State.SHADOW
        assert end_shadow(two, admin).state == State.CANDIDATE
        verbs = AuditEvent.objects.filter(object_id=str(two.pk)).values_list("verb", flat=True)
        assert {"version_shadowed", "version_unshadowed"} <= set(verbs)

    def test_one_at_a_time(self, watched: ModelVersion, models: Path, admin: User) -> None:
        make_folder(models, "three", created="2026-11-24T10:00:00+00:00")
        three = register("three")
        with pytest.raises(RegistryError, match="shadow_taken"):
            shadow(three, admin)
        end_shadow(watched, admin)
        assert shadow(three, admin).state == State.SHADOW

    def test_only_candidates_are_watched_and_only_shadows_stop(
        self, one: ModelVersion, two: ModelVersion, admin: User
    ) -> None:
        for row in (one, two):  # champion, candidate
            with pytest.raises(RegistryError, match="wrong_state"):
                end_shadow(row, admin)
        shadow(two, admin)
        judge(two, one)
        promote(two, admin)
        for row in (one, two):  # retired, champion
            for act in (shadow, end_shadow):
                with pytest.raises(RegistryError, match="wrong_state"):
                    act(row, admin)

    def test_a_refused_one_is_watched_no_more(self, watched: ModelVersion, done: Detection, admin: User) -> None:
        refuse(watched, [{"code": "auc", "text": "AUC fell"}])
        for act in (shadow, end_shadow):
            with pytest.raises(RegistryError, match="wrong_state"):
                act(watched, admin)
        assert shadowing.catch_up(FakeHost().open) == 0


class TestAsking:
    def test_it_works(self, watched: ModelVersion, done: Detection) -> None:
        before = Detection.objects.filter(pk=done.pk).values().get()
        host = FakeHost()
        assert shadowing.catch_up(host.open) == 1
        row = ShadowScore.objects.get()
        assert (row.version, row.detection, row.label, row.p_fake) == (watched, done, "REAL", 0.2)
        assert row.members["vit"] == {"p_fake": 0.85, "weight": 0.4}
        assert row.answered_at is not None
        assert host.asked == ["two"]
        assert Detection.objects.filter(pk=done.pk).values().get() == before

    def test_once(self, done: Detection) -> None:
        host = FakeHost()
        assert [shadowing.catch_up(host.open) for _ in range(2)] == [1, 0]
        assert len(host.asked) == 1

    def test_only_what_the_champion_judged_since_the_watch_began(self, done: Detection, owner: User) -> None:
        long_ago = timezone.now() - timedelta(days=1)
        for fields in (
            {"state": "done", "model_version": "zero"},
            {"state": "done", "model_version": "one", "created_at": long_ago},
            {"state": "failed", "model_version": "one"},
        ):
            make_detection(owner, **fields)
        shadowing.catch_up(FakeHost().open)
        assert [row.detection for row in ShadowScore.objects.all()] == [done]

    def test_what_was_purged_is_not_asked(self, done: Detection) -> None:
        assert purge_media(done.media)
        assert shadowing.catch_up(FakeHost().open) == 0
        assert not ShadowScore.objects.exists()

    def test_what_is_deleted_takes_its_answers_along(self, done: Detection, owner: User) -> None:
        shadowing.catch_up(FakeHost().open)
        delete_media(done.media, owner)
        assert not ShadowScore.objects.exists()

    def test_deleted_while_it_is_asked(self, done: Detection, owner: User) -> None:
        assert shadowing.catch_up(FakeHost(lambda: delete_media(done.media, owner)).open) == 0
        assert not ShadowScore.objects.exists()

    def test_a_host_that_fails_ends_the_round_and_is_not_asked_about_the_same_again(
        self, done: Detection, owner: User
    ) -> None:
        make_detection(owner, state="done", model_version="one")
        assert shadowing.catch_up(FakeHost(fail).open) == 0
        assert ShadowScore.objects.get().answered_at is None
        host = FakeHost()
        assert shadowing.catch_up(host.open) == 1
        assert len(host.asked) == 1

    def test_a_file_that_cannot_be_read_any_more_does_not_stop_the_others(self, done: Detection, owner: User) -> None:
        make_detection(owner, state="done", model_version="one")
        assert shadowing.catch_up(FakeHost(unreadable=True).open) == 0
        assert ShadowScore.objects.filter(answered_at=None).count() == 2

    def test_no_more_than_is_allowed(self, done: Detection, owner: User, settings: Settings) -> None:
        settings.DEEPFAKE_SHADOW_PER_HOUR = 2
        for _ in range(3):
            make_detection(owner, state="done", model_version="one")
        assert [shadowing.catch_up(FakeHost().open) for _ in range(2)] == [2, 0]
        settings.DEEPFAKE_SHADOW_PER_HOUR = 0
        assert shadowing.allowance() == 0

    def test_people_go_first(self, done: Detection, owner: User) -> None:
        make_detection(owner, state="done", model_version="one")
        assert shadowing.catch_up(FakeHost(lambda: make_detection(owner)).open) == 1  # somebody uploads meanwhile
        assert shadowing.catch_up(FakeHost().open) == 0

    def test_a_training_goes_first(self, done: Detection, owner: User) -> None:
        make_detection(owner, state="done", model_version="one")

        def press() -> None:
            async_task("learning.retraining.tasks.run_training", 1, cluster=queue.queue_name("training"))

        assert shadowing.catch_up(FakeHost(press).open) == 1
        assert shadowing.catch_up(FakeHost().open) == 0

    def test_the_watch_may_end_meanwhile(self, watched: ModelVersion, done: Detection, owner: User) -> None:
        make_detection(owner, state="done", model_version="one")
        assert shadowing.catch_up(FakeHost(lambda: end_shadow(watched, None)).open) == 1


class TestWaking:
    def test_it_works(self, done: Detection) -> None:
        tasks.wake_shadow()
        assert waiting() == [shadowing.TASK]
        tasks.wake_shadow()
        assert waiting() == [shadowing.TASK]

    def test_nothing_to_ask(self, watched: ModelVersion) -> None:
        assert not shadowing.wake()

    def test_nobody_in_shadow(self, one: ModelVersion, owner: User) -> None:
        make_detection(owner, state="done", model_version="one")
        assert not shadowing.wake()
        assert shadowing.catch_up(FakeHost().open) == 0

    def test_people_wait(self, done: Detection, owner: User) -> None:
        make_detection(owner)
        assert not shadowing.wake()

    def test_it_is_switched_off(self, done: Detection, settings: Settings) -> None:
        settings.DEEPFAKE_SHADOW_PER_HOUR = 0
        assert not shadowing.wake()


def scored(version: ModelVersion, detection: Detection, p_fake: float, label: str) -> ShadowScore:
    return ShadowScore.objects.create(
        version=version, detection=detection, p_fake=p_fake, label=label, answered_at=timezone.now()
    )


def hold_true(sha256: str, label: str) -> None:
    subject = Subject.objects.create(sha256=sha256, cluster=sha256)
    LabelDecision.objects.create(subject=subject, label=label, source="moderator")


@pytest.fixture
def answers(watched: ModelVersion, owner: User) -> None:
    """The champion says FAKE 0.87 to all; labels stand on two of them, and the shadow is right about both."""
    for number, (p_fake, label, truth) in enumerate(
        [(0.9, "FAKE", "fake"), (0.2, "REAL", "real"), (0.5, "INCONCLUSIVE", "unknown"), (0.87, "FAKE", "")]
    ):
        media = make_media(owner, sha256=f"{number:064d}")
        scored(watched, make_detection(owner, media, state="done", model_version="one"), p_fake, label)
        if truth:
            hold_true(media.sha256, truth)
    ShadowScore.objects.create(
        version=watched, detection=make_detection(owner, state="done", model_version="one")
    )  # no answer


class TestComparison:
    def test_it_works(self, watched: ModelVersion, answers: None) -> None:
        (found,) = comparisons(watched)
        assert (found.champion, found.asked, found.answered, found.same) == ("one", 5, 4, 2)
        assert (found.to_fake, found.to_real, found.to_undecided) == (0, 1, 1)
        assert (found.decided, found.champion_right, found.shadow_right) == (2, 1, 2)
        assert found.mean_difference == pytest.approx((0.03 - 0.67 - 0.37 + 0) / 4)
        assert found.mean_distance == pytest.approx((0.03 + 0.67 + 0.37 + 0) / 4)

    def test_each_champion_by_itself(self, watched: ModelVersion, answers: None, owner: User) -> None:
        later = make_detection(owner, state="done", model_version="another", label="REAL", p_fake=0.1)
        scored(watched, later, 0.95, "FAKE")
        first, second = comparisons(watched)
        assert (first.champion, second.champion, second.to_fake) == ("one", "another", 1)
        assert (second.decided, "decided" in second.sentence) == (0, False)

    def test_never_watched(self, one: ModelVersion) -> None:
        assert comparisons(one) == []


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class TestPages:
    def test_watched_from_the_page_of_the_version(self, two: ModelVersion, admin: User) -> None:
        client = browser(admin)
        assert "Watch beside one" in client.get(PAGE).content.decode()
        page = client.post(f"{PAGE}shadow/", follow=True).content.decode()
        assert "two is watched beside the champion now" in page
        assert "Nothing was asked yet" in page
        page = client.post(f"{PAGE}end-shadow/", follow=True).content.decode()
        assert "two is not watched any more" in page

    def test_the_table(self, watched: ModelVersion, answers: None, moderator: User) -> None:
        page = browser(moderator).get(PAGE).content.decode()
        assert "4 of 5" in page
        assert "−0.252 on average, 0.267 apart" in page
        assert "2 of 2; the champion 1" in page
        assert "<form" not in page.split('id="main"')[1]

    def test_a_second_one_is_told_why_not(self, watched: ModelVersion, models: Path, admin: User) -> None:
        make_folder(models, "three", created="2026-11-24T10:00:00+00:00")
        register("three")
        page = browser(admin).post("/models/three/shadow/", follow=True).content.decode()
        assert "Another version is watched" in page

    @pytest.mark.parametrize("act", ["shadow", "end-shadow"])
    def test_who_may_act(self, two: ModelVersion, owner: User, moderator: User, lead: User, act: str) -> None:
        address = f"{PAGE}{act}/"
        assert Client().post(address)["Location"].startswith("/accounts/login")
        assert browser(owner).post(address).status_code == 404
        for looker in (moderator, lead):
            assert browser(looker).post(address).status_code == 403
        assert browser(lead).get(address).status_code == 405
        two.refresh_from_db()
        assert two.state == State.CANDIDATE

    def test_the_owner_sees_nothing_of_it(self, watched: ModelVersion, done: Detection, owner: User) -> None:
        result, status = reverse("detection:result", args=[done.pk]), reverse("detection:evidence-json", args=[done.pk])
        client = browser(owner)
        before = client.get(status).content
        shadowing.catch_up(FakeHost().open)
        assert "REAL" not in client.get(result).content.decode().split("data-verdict")[1].split("</")[0]
        assert b"shadow" not in before + client.get(status).content


class TestAdmin:
    def act(self, client: Client, action: str, version: ModelVersion) -> str:
        data = {"action": action, "_selected_action": [version.pk]}
        page = client.post(reverse("admin:registry_modelversion_changelist"), data, follow=True).content.decode()
        return page.partition('class="messagelist"')[2].partition("</ul>")[0]

    def test_it_works(self, watched: ModelVersion, answers: None, admin: User) -> None:
        client = browser(admin)
        page = client.get(reverse("admin:registry_modelversion_change", args=[watched.pk])).content.decode()
        assert "beside one: 4 of 5 answered" in page
        scores = client.get(reverse("admin:registry_shadowscore_changelist")).content.decode()
        assert "INCONCLUSIVE" in scores
        assert "is not watched now" in self.act(client, "end_shadow", watched)
        assert "is watched now" in self.act(client, "shadow", watched)

    def test_nobody_writes_answers_by_hand(self, watched: ModelVersion, answers: None, admin: User) -> None:
        assert browser(admin).get(reverse("admin:registry_shadowscore_add")).status_code == 403


class TestApi:
    def test_it_works(self, two: ModelVersion, roles: None) -> None:
        program = token_client(make_user("boss", "admin"), "learn:run")
        found = program.post("/api/models/two/shadow").json()
        assert (found["state"], found["comparisons"]) == ("shadow", [])
        assert found["shadow_since"] is not None
        assert problem_of(program.post("/api/models/two/shadow")) == "wrong_state"
        assert program.delete("/api/models/two/shadow").json()["state"] == "candidate"

    def test_the_comparison(self, watched: ModelVersion, answers: None, moderator: User) -> None:
        (line,) = token_client(moderator, "learn:run").get("/api/models/two").json()["comparisons"]
        assert (line["champion"], line["answered"], line["shadow_right"]) == ("one", 4, 2)

    def test_who_may(self, two: ModelVersion, owner: User, moderator: User) -> None:
        for method in ("post", "delete"):
            for who in (owner, moderator):
                assert getattr(token_client(who), method)("/api/models/two/shadow").status_code == 403
            assert getattr(Client(), method)("/api/models/two/shadow").status_code == 401


@pytest.mark.processes
def test_the_real_host_answers_and_is_gone(tmp_path: Path, settings: Settings, owner: User, admin: User) -> None:
    """The tiny ensemble as champion and as shadow: a picture without a face is judged by both alike."""
    settings.DEEPFAKE_MODELS = tmp_path / "models"
    for number, name in enumerate(("in-force", "newer")):
        make_tiny_version(settings.DEEPFAKE_MODELS, name, seed=number)
    set_champion(settings.DEEPFAKE_MODELS, "in-force")
    tasks.settle()
    shadow(ModelVersion.objects.get(name="newer"), admin)
    detection = make_detection(owner, state="done", model_version="in-force")
    tasks.shadow()
    row = ShadowScore.objects.get(detection=detection)
    assert (row.version.name, row.label) == ("newer", "NOT_APPLICABLE")
    assert not [child for child in psutil.Process().children() if "ml_core.host" in " ".join(child.cmdline())]
