"""Versions for people: who may look, what the page says, and what the buttons do."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from learning.registry import pointer
from learning.registry.gate import judge as gate
from learning.registry.judging import record
from learning.registry.models import Evaluation, ModelVersion
from learning.registry.report import Policy
from learning.registry.services import promote, refuse
from tests.registry.answers import both, population, sharper
from tests.registry.conftest import judge

LIST = "/models/"
ACTS = ("promote", "evaluate")


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def report(one: ModelVersion, two: ModelVersion) -> Evaluation:
    """Better on one source, the same on the other."""
    parts = [population(60, seed=seed, source=f"s{seed}") for seed in range(2)]
    found = gate(both(*parts), both(sharper(parts[0]), parts[1]), Policy(rounds=100, ece_margin=1))
    return record(two, one, found, {"val": "0"})


def test_it_works(report: Evaluation, admin: User) -> None:
    client = browser(admin)
    assert all(name in text(client, LIST) for name in ("one", "two", "Champion", "Candidate"))
    page = text(client, reverse("registry:version", args=["two"]))
    assert "Passed the gate" in page
    assert "val/s0" in page.split("Better on")[1].split("Worse on")[0]
    assert "no slice for certain" in page.split("Worse on")[1].split("</dl>")[0]
    response = client.post(reverse("registry:promote", args=["two"]), {"seen": "one"}, follow=True)
    assert "two is the champion now" in response.content.decode()
    assert pointer.named() == "two"
    response = client.post(reverse("registry:rollback"), {"seen": "two"}, follow=True)
    assert "one is the champion again" in response.content.decode()
    assert pointer.named() == "one"


def test_a_refused_version_says_why(one: ModelVersion, two: ModelVersion, admin: User) -> None:
    refuse(two, [{"code": "auc", "text": "AUC on val/dfdc may have fallen."}])
    page = text(browser(admin), reverse("registry:version", args=["two"]))
    assert "AUC on val/dfdc may have fallen." in page
    assert "<form" not in page.split('id="main"')[1]


def test_a_judgement_against_another_champion_offers_no_promotion(
    report: Evaluation, two: ModelVersion, admin: User
) -> None:
    promote(two, None)
    Evaluation.objects.all().delete()
    one = ModelVersion.objects.get(name="one")
    judge(one, one)
    page = text(browser(admin), reverse("registry:version", args=["one"]))
    assert "The champion has changed since" in page
    assert "Promote one" not in page
    assert "Evaluate against two" in page


def test_two_administrators(report: Evaluation, two: ModelVersion, admin: User) -> None:
    first, second = browser(admin), browser(admin)
    for client in (first, second):
        response = client.post(reverse("registry:promote", args=["two"]), {"seen": "one"}, follow=True)
    assert "Somebody else changed the champion meanwhile" in response.content.decode()
    assert pointer.named() == "two"


def test_nothing_is_there_yet(models: Path, admin: User) -> None:
    page = text(browser(admin), LIST)
    assert "No versions yet" in page
    assert "register_frozen_sets" in page


@pytest.mark.parametrize("address", [LIST, "/models/one/"])
def test_who_may_look(one: ModelVersion, owner: User, moderator: User, address: str) -> None:
    assert Client().get(address)["Location"].startswith("/accounts/login")
    assert browser(owner).get(address).status_code == 404
    assert browser(moderator).get(address).status_code == 200
    assert browser(moderator).post(address).status_code == 405


@pytest.mark.parametrize("address", ["/models/two/promote/", "/models/two/evaluate/", "/models/rollback/"])
def test_who_may_act(report: Evaluation, owner: User, moderator: User, lead: User, address: str) -> None:
    assert Client().post(address)["Location"].startswith("/accounts/login")
    assert browser(owner).post(address).status_code == 404
    for looker in (moderator, lead):
        assert browser(looker).post(address).status_code == 403
    assert browser(lead).get(address).status_code in (404, 405)
    assert pointer.named() == "one"


def test_an_unknown_version_is_404(one: ModelVersion, admin: User) -> None:
    assert browser(admin).get("/models/none/").status_code == 404
    assert browser(admin).post("/models/none/promote/").status_code == 404


class TestAdmin:
    """The same acts, from the list of versions."""

    def act(self, client: Client, action: str, *rows: ModelVersion) -> str:
        data = {"action": action, "_selected_action": [row.pk for row in rows]}
        page = client.post(reverse("admin:registry_modelversion_changelist"), data, follow=True).content.decode()
        return page.partition('class="messagelist"')[2].partition("</ul>")[0]

    def test_it_works(self, report: Evaluation, one: ModelVersion, two: ModelVersion, admin: User) -> None:
        client = browser(admin)
        assert "Choose exactly one version" in self.act(client, "promote", one, two)
        assert "two is the champion now" in self.act(client, "promote", two)
        assert "Somebody else changed the champion" in self.act(client, "roll_back", one)
        assert "one is the champion again" in self.act(client, "roll_back", two)
        assert "waits to be evaluated" in self.act(client, "evaluate", two)

    def test_nobody_writes_rows_by_hand(self, one: ModelVersion, admin: User) -> None:
        client = browser(admin)
        assert client.get(reverse("admin:registry_modelversion_add")).status_code == 403
        assert client.post(reverse("admin:registry_modelversion_delete", args=[one.pk])).status_code == 403
        assert client.get(reverse("admin:registry_modelversion_change", args=[one.pk])).status_code == 200
