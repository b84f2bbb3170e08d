"""One's own data as a file: what is in it, who gets it, and that nothing of it stays behind."""

import hashlib
import json
import uuid
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from deepfake_site.exports import archive, services, tasks
from deepfake_site.exports.models import DataExport
from deepfake_site.exports.sections import SECTIONS
from detection import audit
from detection.models import AuditEvent
from detection.moderation import services as moderation
from detection.webhooks import services as webhooks
from learning.feedback.models import Feedback
from tests.factories import make_detection, make_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(owner: User) -> DataExport:
    export = services.request(owner)
    assert services.make(export.pk)
    export.refresh_from_db()
    return export


def content_of(export: DataExport) -> dict[str, Any]:
    with ZipFile(archive.path_of(export.pk)) as file:
        return {name: json.loads(file.read(name)) for name in file.namelist() if name.endswith(".json")}


class TestContent:
    def test_everything_of_ones_own_and_nothing_else(self, owner: User, stranger: User) -> None:
        mine, other = make_detection(owner, state="done"), make_detection(stranger, state="done")
        Feedback.objects.create(detection=mine, person=owner, answer="incorrect", claim="real", how="I was there")
        moderation.report(mine, owner, "this is me")
        _, secret = webhooks.add(owner, url="https://example.org/hook", events=["detection.done"])
        token = make_token(owner, "detect:read")
        audit.record(stranger, "looked", other)
        export = services.request(owner)
        services.make(export.pk)
        content = content_of(export)
        assert set(content) == {f"{name}.json" for name in SECTIONS}
        assert content["account.json"][0]["email"] == owner.email
        assert [row["id"] for row in content["detections.json"]] == [str(mine.pk)]
        assert content["detections.json"][0]["result"]["members"]["cnn"]["p_fake"] == 0.8
        assert [row["name"] for row in content["files.json"]] == ["portrait.jpg"]
        assert content["feedback.json"][0]["how"] == "I was there"
        assert content["reports.json"][0]["text"] == "this is me"
        assert content["webhooks.json"][0]["url"] == "https://example.org/hook"
        assert {row["act"] for row in content["acts.json"]} >= {"reported", "webhook_added", "export_requested"}
        everything = json.dumps(content)
        for hidden in (str(other.pk), stranger.username, secret, token, owner.password):
            assert hidden not in everything

    def test_a_person_without_anything(self, ready: DataExport) -> None:
        content = content_of(ready)
        assert content["detections.json"] == []
        with ZipFile(archive.path_of(ready.pk)) as file:
            assert "account.json: your name" in file.read("README.txt").decode()

    def test_file_is_private_and_as_the_row_says(self, ready: DataExport) -> None:
        path = archive.path_of(ready.pk)
        assert path.stat().st_mode & 0o077 == 0
        assert hashlib.sha256(path.read_bytes()).hexdigest() == ready.sha256
        assert path.stat().st_size == ready.size


class TestPages:
    def test_from_the_button_to_the_file(self, owner_client: Client, owner: User) -> None:
        assert "Make an archive" in owner_client.get("/accounts/profile/").content.decode()
        owner_client.post("/accounts/export/")
        export = DataExport.objects.get()
        task = OrmQ.objects.get().task
        assert (task["func"], task["args"]) == ("deepfake_site.exports.tasks.make", (str(export.pk),))
        assert "being collected since" in owner_client.get("/accounts/profile/").content.decode()
        assert owner_client.get(f"/accounts/export/{export.pk}/download/").status_code == 404
        tasks.make(str(export.pk))
        assert "Download the archive" in owner_client.get("/accounts/profile/").content.decode()
        response = owner_client.get(f"/accounts/export/{export.pk}/download/")
        body = b"".join(response)
        assert ZipFile(BytesIO(body)).testzip() is None
        assert response["Content-Disposition"].startswith('attachment; filename="deepfake-check-')
        assert "no-store" in response["Cache-Control"]
        assert AuditEvent.objects.filter(verb="export_downloaded", actor=owner).count() == 1

    def test_nobody_else(
        self, ready: DataExport, stranger_client: Client, anonymous_client: Client, admin: User
    ) -> None:
        staff = Client()
        staff.force_login(admin)
        for client in (stranger_client, staff):
            assert client.get(f"/accounts/export/{ready.pk}/download/").status_code == 404
            assert client.post(f"/accounts/export/{ready.pk}/delete/").status_code == 404
            assert "Download the archive" not in client.get("/accounts/profile/").content.decode()
        for path in ("", f"{ready.pk}/download/", f"{ready.pk}/delete/"):
            response = anonymous_client.post(f"/accounts/export/{path}")
            assert response.headers["Location"].startswith("/accounts/login/")
        assert DataExport.objects.count() == 1

    def test_one_at_a_time(self, owner_client: Client) -> None:
        owner_client.post("/accounts/export/")
        owner_client.post("/accounts/export/")
        assert DataExport.objects.count() == OrmQ.objects.count() == 1

    def test_a_fresh_one_is_not_made_again(self, owner_client: Client, ready: DataExport) -> None:
        page = owner_client.post("/accounts/export/", follow=True).content.decode()
        assert "only minutes old" in page
        assert DataExport.objects.get().pk == ready.pk

    def test_a_new_one_takes_the_place_of_the_old(self, owner_client: Client, ready: DataExport) -> None:
        DataExport.objects.update(finished_at=timezone.now() - timedelta(hours=1))
        owner_client.post("/accounts/export/")
        assert DataExport.objects.get().state == "queued"
        assert not archive.path_of(ready.pk).exists()

    def test_deleted_by_hand(self, owner_client: Client, ready: DataExport) -> None:
        owner_client.post(f"/accounts/export/{ready.pk}/delete/")
        assert not DataExport.objects.exists()
        assert archive.files() == []

    def test_a_failed_one_can_be_asked_for_again(self, owner_client: Client, owner: User) -> None:
        DataExport.objects.create(owner=owner, state="failed")
        assert "could not be made" in owner_client.get("/accounts/profile/").content.decode()
        owner_client.post("/accounts/export/")
        assert DataExport.objects.get().state == "queued"

    def test_mail_leads_to_the_profile(self, ready: DataExport, owner: User) -> None:
        (task,) = [row.task for row in OrmQ.objects.all() if row.task["func"].endswith(".tell")]
        tasks.tell(*task["args"])
        (message,) = mail.outbox
        assert message.to == [owner.email]
        assert "/accounts/profile/" in message.body
        assert str(ready.pk) not in message.body


class TestHousekeeping:
    def test_expired_ones_go(self, ready: DataExport) -> None:
        DataExport.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        tasks.sweep()
        assert not DataExport.objects.exists()
        assert archive.files() == []

    def test_others_stay(self, ready: DataExport) -> None:
        tasks.sweep()
        assert archive.path_of(ready.pk).exists()
        assert DataExport.objects.get().state == "ready"

    def test_lost_task_loses_nothing(self, owner: User) -> None:
        export = services.request(owner)
        tasks.sweep()
        assert OrmQ.objects.count() == 1
        OrmQ.objects.all().delete()
        tasks.sweep()
        assert [row.task["args"] for row in OrmQ.objects.all()] == [(str(export.pk),)]

    def test_worker_that_died(self, owner: User) -> None:
        export = services.request(owner)
        zombie = services.claim(export.pk)
        assert zombie is not None
        assert services.claim(export.pk) is None
        DataExport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        tasks.sweep()
        assert services.make(export.pk)
        assert not services.finish(zombie, 1, "x")
        export.refresh_from_db()
        assert (export.state, export.attempts) == ("ready", 2)

    def test_it_is_given_up_after_the_last_attempt(self, owner: User) -> None:
        services.request(owner)
        past = timezone.now() - timedelta(seconds=1)
        DataExport.objects.update(state="running", attempts=DataExport.MAX_ATTEMPTS, lease_until=past)
        tasks.sweep()
        assert DataExport.objects.get().state == "failed"

    def test_interrupted_writing_leaves_nothing(self, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(user: User) -> Any:
            yield {"fine": 1}
            raise OSError("disk full")

        monkeypatch.setitem(SECTIONS, "detections", ("broken", broken))
        export = services.request(owner)
        with pytest.raises(OSError, match="disk full"):
            services.make(export.pk)
        assert archive.files() == []

    def test_archive_goes_with_the_account(self, owner_client: Client, owner: User, ready: DataExport) -> None:
        owner_client.post("/accounts/delete/", {"password": "owner-pw"})
        assert not User.objects.filter(pk=owner.pk).exists()
        assert archive.files() == []

    def test_files_of_nobody_go_and_those_being_written_stay(self, ready: DataExport, media_root: Path) -> None:
        left, writing = archive.path_of(uuid.uuid4()), archive.directory() / "new.part"
        left.touch()
        writing.touch()
        tasks.sweep()
        assert set(archive.files()) == {archive.path_of(ready.pk), writing}

    def test_deleted_while_it_is_made(self, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
        export = services.request(owner)

        def vanishing(user: User) -> Any:
            services.delete(export, owner)
            yield {}

        monkeypatch.setitem(SECTIONS, "account", ("gone", vanishing))
        assert not services.make(export.pk)
        assert archive.files() == []
