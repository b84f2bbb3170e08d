"""Runs that start by themselves, and `manage.py retrain`."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from detection.models import MediaFile
from learning.registry.models import ModelVersion
from learning.retraining import bridge, services
from learning.retraining.housekeeping import next_due, schedule, tick
from learning.retraining.models import RetrainingSchedule, TrainingRun
from tests.retraining.conftest import Gate, Stage

MIDNIGHT = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)


def at(hour: int, day: int = 26) -> datetime:
    return datetime(2026, 11, day, hour, 0, tzinfo=UTC)


@pytest.fixture
def nightly(champion: ModelVersion) -> RetrainingSchedule:
    row = schedule()
    RetrainingSchedule.objects.update(cron="0 3 * * *", last_due=MIDNIGHT)
    row.refresh_from_db()
    return row


def test_it_starts_when_it_is_due_and_once(nightly: RetrainingSchedule) -> None:
    tick(at(2))
    assert not TrainingRun.objects.exists()
    tick(at(3))
    tick(at(3))
    run = TrainingRun.objects.get()
    assert (run.trigger, run.started_by, run.kind) == ("schedule", None, "small")


def test_missed_nights_count_once(nightly: RetrainingSchedule) -> None:
    tick(at(12, day=29))
    services.cancel(TrainingRun.objects.get(), None)
    tick(at(13, day=29))
    assert TrainingRun.objects.count() == 1
    tick(at(3, day=30))
    assert TrainingRun.objects.count() == 2


def test_a_run_under_way_is_not_disturbed(nightly: RetrainingSchedule, run: TrainingRun) -> None:
    tick(at(3))
    assert TrainingRun.objects.get() == run


@pytest.mark.parametrize("cron", ["", "every night"])
def test_no_expression_or_a_wrong_one_is_never_due(nightly: RetrainingSchedule, cron: str) -> None:
    RetrainingSchedule.objects.update(cron=cron)
    tick(at(3, day=30))
    assert not TrainingRun.objects.exists()
    nightly.refresh_from_db()
    assert next_due(nightly) is None


class TestAdmin:
    def test_the_schedule_is_edited_there(self, nightly: RetrainingSchedule, admin: User, client: Client) -> None:
        client.force_login(admin)
        url = "/admin/retraining/retrainingschedule/1/change/"
        refused = client.post(url, {"cron": "every night", "kind": "small"})
        assert "not a cron expression" in refused.content.decode()
        client.post(url, {"cron": "30 4 * * 1", "kind": "full"})
        nightly.refresh_from_db()
        assert (nightly.cron, nightly.kind) == ("30 4 * * 1", "full")
        assert nightly.last_due > MIDNIGHT  # nothing that is past becomes due

    def test_retrain_now_and_the_statistics(self, champion: ModelVersion, admin: User, client: Client) -> None:
        client.force_login(admin)
        page = client.get("/admin/retraining/trainingrun/").content.decode()
        assert "Retrain now" in page
        assert "0 trainings" in page
        client.post("/admin/retraining/trainingrun/retrain-now/")
        assert TrainingRun.objects.get().trigger == "admin"
        again = client.post("/admin/retraining/trainingrun/retrain-now/", follow=True)
        assert "A training is under way" in again.content.decode()
        assert client.get(f"/admin/retraining/trainingrun/{TrainingRun.objects.get().pk}/change/").status_code == 200

    def test_staff_without_the_right_cannot(self, champion: ModelVersion, lead: User, client: Client) -> None:
        lead.is_staff = True
        lead.save()
        client.force_login(lead)
        assert client.post("/admin/retraining/trainingrun/retrain-now/").status_code == 403
        assert client.get("/admin/retraining/retrainingschedule/1/change/").status_code in (302, 403)
        assert not TrainingRun.objects.exists()


class TestCommands:
    def test_retrain_queues_a_run(self, champion: ModelVersion) -> None:
        out = io.StringIO()
        call_command("retrain", "--kind", "full", "--seed", "5", stdout=out)
        run = TrainingRun.objects.get()
        assert (run.trigger, run.kind, run.seed) == ("command", "full", 5)
        assert f"Run {run.pk}: waiting" in out.getvalue()
        with pytest.raises(CommandError, match="already_running"):
            call_command("retrain")

    def test_now_waits_for_the_end(
        self, champion: ModelVersion, confirmed: list[MediaFile], stage: Stage, gate: Gate
    ) -> None:
        out = io.StringIO()
        call_command("retrain", "--now", stdout=out)
        assert f"candidate r{TrainingRun.objects.get().pk}" in out.getvalue()

    def test_the_history_is_exported_without_names(
        self, run: TrainingRun, confirmed: list[MediaFile], stage: Stage, gate: Gate, tmp_path: Path
    ) -> None:
        bridge.run_training(run.pk)
        call_command("export_training_history", "--out", str(tmp_path / "history.json"))
        text = (tmp_path / "history.json").read_text()
        history = json.loads(text)
        told = history["runs"][0]
        assert (told["id"], told["state"], told["candidate"], told["parent"]) == (
            run.pk,
            "candidate",
            f"r{run.pk}",
            "one",
        )
        assert len(told["step_records"]) == 3
        assert len(told["items"]) == len(told["snapshot"]["items"]) == 20
        assert told["held_out"]["items"] + told["fit"]["items"] == 20
        assert history["statistics"]["trainings"] == 1
        assert not [name for name in ("giver-", "admin@") if name in text]
