"""The learning page, the page of a run, and who may do what on them."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from detection.models import MediaFile
from learning.feedback.models import Feedback
from learning.registry.models import ModelVersion
from learning.retraining import bridge, services
from learning.retraining.models import TrainingRun
from tests.factories import make_detection
from tests.retraining.conftest import Gate, Stage, confirm

LEARNING = "/learning/"
Confirmed = list[MediaFile]


def browser(user: User | None) -> Client:
    client = Client()
    if user:
        client.force_login(user)
    return client


@pytest.fixture
def done(run: TrainingRun, confirmed: Confirmed, stage: Stage, gate: Gate) -> TrainingRun:
    """A run that gave a candidate."""
    bridge.run_training(run.pk)
    run.refresh_from_db()
    return run


class TestRoles:
    """Method and address → who gets through; the others get 403, nobody's browser goes to sign in."""

    ADDRESSES: tuple[tuple[str, Callable[[int], str], tuple[str, ...]], ...] = (
        ("get", lambda pk: LEARNING, ("user", "moderator", "lead", "admin")),
        ("get", lambda pk: f"/learning/runs/{pk}/", ("moderator", "lead", "admin")),
        ("get", lambda pk: f"/learning/runs/{pk}/live/", ("moderator", "lead", "admin")),
        ("post", lambda pk: "/learning/train/", ("admin",)),
        ("post", lambda pk: f"/learning/runs/{pk}/cancel/", ("admin",)),
    )

    @pytest.mark.parametrize(("method", "address", "allowed"), ADDRESSES)
    def test_every_role_on_every_address(
        self,
        method: str,
        address: Callable[[int], str],
        allowed: tuple[str, ...],
        run: TrainingRun,
        owner: User,
        moderator: User,
        lead: User,
        admin: User,
    ) -> None:
        url = address(run.pk)
        people = {"user": owner, "moderator": moderator, "lead": lead, "admin": admin}
        for role, person in people.items():
            status = getattr(browser(person), method)(url).status_code
            assert status == (200 if method == "get" else 302) if role in allowed else status == 403, (role, url)
        sent = getattr(browser(None), method)(url)
        assert sent.status_code == 302
        assert sent["Location"].startswith("/accounts/login/")

    @pytest.mark.parametrize("address", ["/learning/train/", "/learning/runs/1/cancel/"])
    def test_buttons_take_no_get(self, address: str, run: TrainingRun, admin: User) -> None:
        assert browser(admin).get(address).status_code == 405

    def test_an_unknown_run_is_not_found(self, champion: ModelVersion, admin: User) -> None:
        assert browser(admin).get("/learning/runs/99/").status_code == 404


class TestLearningPage:
    def test_with_nothing_it_teaches_the_next_step(self, champion: ModelVersion, owner: User) -> None:
        page = browser(owner).get(LEARNING).content.decode()
        assert "Nothing to learn from yet" in page
        assert "No training yet" in page
        assert "Train on feedback" not in page

    def test_the_numbers_and_the_curves(self, done: TrainingRun, owner: User, confirmed: Confirmed) -> None:
        media = confirmed[0]
        detection = make_detection(media.owner, media, state="done")
        Feedback.objects.create(detection=detection, person=media.owner, answer="incorrect", claim="real")
        page = browser(owner).get(LEARNING)
        totals = page.context["totals"]
        assert (totals.feedback, totals.trainings, totals.candidates) == (1, 1, 1)
        assert totals.average_reward == pytest.approx(0.25)
        assert totals.average_loss == pytest.approx(0.7)
        assert totals.hours_to_learn == pytest.approx(2.0, abs=0.1)
        held = page.context["figures"][0].held_out
        assert totals.improvements == held.to_right > 0  # 0.2 → 0.9 turns fakes right,
        assert totals.to_wrong == held.to_wrong > 0  # and reals wrong
        text = page.content.decode()
        assert text.count('<svg class="plot__area"') == 4
        assert text.count("The same as a table") == 4
        assert f"r{done.pk}" in text

    def test_the_button_says_what_it_will_do(self, run: TrainingRun, confirmed: Confirmed, admin: User) -> None:
        services.cancel(run, admin)
        page = browser(admin).get(LEARNING).content.decode()
        assert "<strong>20</strong> confirmed items (10 fake, 10 real; 20 of them new)" in page
        assert "starts from version <strong>one</strong>" in page
        assert "no base data" in page

    def test_what_is_left_out_is_told_with_the_reason(
        self, champion: ModelVersion, confirmed: Confirmed, admin: User
    ) -> None:
        MediaFile.objects.filter(pk=confirmed[0].pk).update(may_train=False)
        assert "1 whose owner did not agree to training" in browser(admin).get(LEARNING).content.decode()

    def test_it_starts_a_run_and_a_second_one_is_told(self, champion: ModelVersion, admin: User) -> None:
        client = browser(admin)
        answer = client.post("/learning/train/", {"kind": "full"})
        run = TrainingRun.objects.get()
        assert answer["Location"] == reverse("retraining:run", args=[run.pk])
        assert (run.trigger, run.started_by, run.kind) == ("button", admin, "full")
        again = client.post("/learning/train/", {"kind": "small"}, follow=True)
        assert "A training is under way. Wait for its end" in again.content.decode()
        assert TrainingRun.objects.count() == 1


class TestRunPage:
    def test_a_run_under_way_is_live(self, run: TrainingRun, admin: User) -> None:
        page = browser(admin).get(f"/learning/runs/{run.pk}/").content.decode()
        assert f'data-live="/learning/runs/{run.pk}/live/"' in page
        assert "learning.js" in page
        assert browser(admin).get(f"/learning/runs/{run.pk}/live/")["X-Run-Over"] == "0"

    def test_steps_are_drawn_as_they_come(
        self, run: TrainingRun, confirmed: Confirmed, stage: Stage, gate: Gate, admin: User
    ) -> None:
        seen: list[str] = []

        def look(event: dict[str, object]) -> None:
            if event["event"] == "result":
                seen.append(browser(admin).get(f"/learning/runs/{run.pk}/live/").content.decode())

        stage.then = look
        bridge.run_training(run.pk)
        assert "step 3 of 3" in seen[0]
        assert '<svg class="plot__area"' in seen[0]

    def test_the_end_shows_what_flipped_and_names_the_fit(self, done: TrainingRun, moderator: User) -> None:
        page = browser(moderator).get(f"/learning/runs/{done.pk}/").content.decode()
        assert "data-live" not in page
        assert "Turned wrong" in page
        assert "only a fit" in page
        assert "It gave a candidate." in page
        assert "Cancel" not in page

    def test_the_reason_of_an_end_is_a_sentence(self, run: TrainingRun, stage: Stage, admin: User) -> None:
        confirm(1)
        bridge.run_training(run.pk)
        page = browser(admin).get(f"/learning/runs/{run.pk}/").content.decode()
        assert "too few confirmed items" in page

    def test_cancelling_says_so(self, run: TrainingRun, admin: User) -> None:
        client = browser(admin)
        page = client.post(f"/learning/runs/{run.pk}/cancel/", follow=True).content.decode()
        assert "was cancelled" in page
        assert "is over" in client.post(f"/learning/runs/{run.pk}/cancel/", follow=True).content.decode()
