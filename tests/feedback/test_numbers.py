"""Statistics, the export, the administration and the clock."""

import io
import json
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ, Schedule

from detection import schedules
from detection.permissions import give_role
from detection.services import delete_media
from learning.feedback import labels, services, statistics, tasks
from learning.feedback.models import Feedback, LabelDecision, ReporterTrust
from tests.feedback.conftest import MakePerson, Say, judged

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(person: MakePerson, say: Say, moderator: User) -> list[Feedback]:
    """One accepted, one rejected, one not sure, one withdrawn, one open."""
    people = [person(f"p{number}") for number in range(5)]
    given = [say(people[0], 0, "incorrect"), say(people[1], 0), say(people[2], 0, "not_sure")]
    services.withdraw(say(people[3], 1))
    given.append(say(people[4], 2))
    judged(given[0].detection, moderator, "real")
    labels.catch_up()
    return given


def test_totals(history: list[Feedback]) -> None:
    assert statistics.totals().as_dict() == {
        "given": 5,
        "correct": 3,
        "incorrect": 1,
        "not_sure": 1,
        "pending": 2,
        "open_claims": 1,
        "accepted": 1,
        "rejected": 1,
        "withdrawn": 1,
        "people": 5,
    }
    assert statistics.standing_labels() == {"moderator": {"real": 1}}
    assert statistics.reporters_by_level() == {"low": 5, "medium": 1, "high": 0, "set_aside": 0}


def test_nothing_yet() -> None:
    assert statistics.totals().given == 0
    assert statistics.standing_labels() == {}


class TestExport:
    def test_everything_is_in_it(self, history: list[Feedback], tmp_path: Path) -> None:
        target = tmp_path / "feedback.json"
        call_command("export_feedback", output=target)
        document = json.loads(target.read_text())
        assert len(document["feedback"]) == 5
        row = next(row for row in document["feedback"] if row["id"] == str(history[0].pk))
        assert (row["state"], row["claim"], row["predicted"]) == ("accepted", "real", "FAKE")
        [decision] = document["decisions"]
        assert (decision["id"], decision["label"]) == (row["decision"], "real")
        assert "p0" not in target.read_text()

    def test_to_the_standard_output_with_names(self, history: list[Feedback]) -> None:
        out = io.StringIO()
        call_command("export_feedback", names=True, stdout=out)
        names = [row["reporter"]["name"] for row in json.loads(out.getvalue())["feedback"]]
        assert sorted(names) == [f"p{number}" for number in range(5)]

    def test_an_empty_log_is_valid_too(self) -> None:
        out = io.StringIO()
        call_command("export_feedback", stdout=out)
        assert json.loads(out.getvalue()) == {"format": 1, "feedback": [], "decisions": []}

    def test_what_cannot_be_written_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="cannot be written"):
            call_command("export_feedback", output=tmp_path / "missing" / "f.json")


class TestAdministration:
    @pytest.fixture
    def staff(self, admin: User) -> Client:
        client = Client()
        client.force_login(admin)
        return client

    @pytest.mark.parametrize("model", ["feedback", "labeldecision", "reportertrust"])
    def test_lists_and_pages_are_for_reading(self, staff: Client, history: list[Feedback], model: str) -> None:
        models = {"feedback": Feedback, "labeldecision": LabelDecision, "reportertrust": ReporterTrust}
        row = models[model]._default_manager.first()
        assert row is not None
        assert staff.get(reverse(f"admin:feedback_{model}_changelist")).status_code == 200
        page = staff.get(reverse(f"admin:feedback_{model}_change", args=[row.pk]))
        assert page.status_code == 200
        assert 'name="_save"' not in page.content.decode()
        assert staff.get(reverse(f"admin:feedback_{model}_add")).status_code == 403

    def act(self, client: Client, action: str, person: User) -> str:
        data = {"action": action, "_selected_action": [person.pk]}
        address = reverse("admin:feedback_reportertrust_changelist")
        return str(client.post(address, data, follow=True).content.decode())

    def test_aside_and_back(self, staff: Client, person: MakePerson, say: Say) -> None:
        first, second = person(role="moderator"), person(role="moderator")
        say(first)
        say(second)
        assert "Labels that changed: 1." in self.act(staff, "set_aside", second)
        assert ReporterTrust.objects.get(person=second).set_aside_by == "admin"
        assert "Labels that changed: 1." in self.act(staff, "take_back", second)
        assert LabelDecision.objects.filter(state="standing").count() == 1

    def test_looking_is_not_acting(self, person: MakePerson, say: Say) -> None:
        looker, reporter = person(is_staff=True), person()
        looker.user_permissions.add(Permission.objects.get(codename="view_reportertrust"))
        say(reporter)
        client = Client()
        client.force_login(looker)
        self.act(client, "set_aside", reporter)
        assert ReporterTrust.objects.get(person=reporter).set_aside_at is None


def test_the_clock_reads_decisions_every_minute(person: MakePerson, say: Say, moderator: User) -> None:
    schedules.ensure()
    for name, function in (("labels", "catch_up"), ("labels-rebuild", "rebuild"), ("reporters", "refresh_reporters")):
        schedule = Schedule.objects.get(name=name)
        assert (schedule.func, schedule.cluster) == (f"learning.feedback.tasks.{function}", "light")
    judged(say(person()).detection, moderator, "fake", kind="edit")
    tasks.catch_up()
    assert LabelDecision.objects.count() == 1


def test_what_is_deleted_takes_its_label_along_the_next_day(person: MakePerson, say: Say, moderator: User) -> None:
    feedback = say(person())
    judged(feedback.detection, moderator, "fake", kind="edit")
    tasks.catch_up()
    delete_media(feedback.detection.media, feedback.person)
    tasks.rebuild()
    [task] = [row.task for row in OrmQ.objects.all() if row.func() == "learning.feedback.tasks.rebuild_some"]
    tasks.rebuild_some(*task["args"])
    assert LabelDecision.objects.get().state == "revoked"


def test_a_new_moderator_is_believed_the_next_day(person: MakePerson, say: Say) -> None:
    somebody = say(person()).person
    assert ReporterTrust.objects.get().level == "low"
    give_role(somebody, "moderator")
    tasks.refresh_reporters()
    assert ReporterTrust.objects.get().level == "medium"
