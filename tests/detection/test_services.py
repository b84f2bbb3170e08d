"""What can happen to media and detections, and what is left when it goes wrong."""

import hashlib
import uuid
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError
from django_q.models import OrmQ

from detection import audit, leases, media_store, queue, services
from detection.models import AuditEvent, Detection, MediaFile
from detection.uploads import Accepted
from ml_core.datatypes import MediaInfo
from ml_core.errors import MediaError
from tests.factories import jpeg_bytes, make_detection, make_media, make_verdict

pytestmark = pytest.mark.django_db
CONTENT = jpeg_bytes()


def accepted() -> Accepted:
    path = media_store.staging() / uuid.uuid4().hex / "original"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    digest = hashlib.sha256(CONTENT).hexdigest()
    return Accepted(MediaInfo("image", "jpeg", 320, 240, len(CONTENT), digest), path)


def claimed(detection: Detection) -> leases.Lease:
    lease = leases.claim(detection.pk)
    assert lease is not None
    return lease


class TestSubmit:
    def test_it_works(self, owner: User) -> None:
        detection = services.submit_upload(owner, accepted(), name="me.jpg", may_train=True)
        media = detection.media
        assert (detection.state, detection.owner, media.name, media.may_train) == ("queued", owner, "me.jpg", True)
        assert Path(media.file.path).read_bytes() == CONTENT
        assert media.file.name == f"{media.pk.hex}/original.jpeg"
        assert [row.task_id() for row in OrmQ.objects.all()] == [detection.task_id]
        assert AuditEvent.objects.get().verb == "submitted"

    def test_bytes_are_private(self, owner: User) -> None:
        media = services.submit_upload(owner, accepted(), name="me.jpg", may_train=False).media
        path = Path(media.file.path)
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0

    def test_task_carries_the_id_only(self, owner: User) -> None:
        detection = services.submit_upload(owner, accepted(), name="me.jpg", may_train=False)
        task = OrmQ.objects.get().task
        assert (task["func"], task["args"]) == ("detection.tasks.run_detection", (str(detection.pk),))

    def test_rollback_leaves_neither_task_nor_row_nor_file(
        self, owner: User, media_root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise DatabaseError("the last write of the transaction failed")

        monkeypatch.setattr(Detection, "refresh_from_db", broken)
        with pytest.raises(DatabaseError):
            services.submit_upload(owner, accepted(), name="me.jpg", may_train=False)
        assert not OrmQ.objects.exists()
        assert not MediaFile.objects.exists()
        assert not AuditEvent.objects.exists()
        assert not [path for path in media_root.rglob("*") if path.is_file()]


class TestEnd:
    def test_verdict_is_recorded(self, owner: User) -> None:
        detection = make_detection(owner)
        lease = claimed(detection)
        assert services.record_verdict(detection.pk, lease.token, make_verdict(0.9))
        detection.refresh_from_db()
        assert (detection.state, detection.stage, detection.label) == ("done", "finished", "FAKE")
        assert (detection.p_fake, detection.model_version, detection.reason) == (0.9, "tiny-1", "")
        assert detection.result == make_verdict(0.9)
        assert detection.lease_token is None
        assert AuditEvent.objects.get(object_id=str(detection.pk)).verb == "done"

    def test_zombie_cannot_overwrite(self, owner: User) -> None:
        detection = make_detection(owner)
        zombie = claimed(detection)
        leases.give_back(zombie, "poison")
        heir = claimed(detection)
        assert not services.record_verdict(detection.pk, zombie.token, make_verdict(0.1))
        assert not services.fail_detection(detection.pk, zombie.token, "undecodable")
        assert not services.set_stage(detection.pk, zombie.token, "models")
        assert services.record_verdict(detection.pk, heir.token, make_verdict(0.9))
        assert not services.record_verdict(detection.pk, heir.token, make_verdict(0.1))
        detection.refresh_from_db()
        assert detection.p_fake == 0.9
        assert AuditEvent.objects.filter(verb="done").count() == 1

    def test_failure_has_a_code(self, owner: User) -> None:
        detection = make_detection(owner)
        assert services.fail_detection(detection.pk, claimed(detection).token, "no_frames")
        detection.refresh_from_db()
        assert (detection.state, detection.error_code, detection.attempts) == ("failed", "no_frames", 1)

    def test_stage_is_shown(self, owner: User) -> None:
        detection = make_detection(owner)
        assert services.set_stage(detection.pk, claimed(detection).token, "models")
        detection.refresh_from_db()
        assert detection.stage == "models"


class TestCancel:
    def test_while_queued(self, owner: User) -> None:
        detection = make_detection(owner)
        assert services.cancel(detection, owner)
        assert leases.claim(detection.pk) is None
        assert AuditEvent.objects.get(verb="cancelled").actor == owner

    def test_while_running_drops_the_answer(self, owner: User) -> None:
        detection = make_detection(owner)
        lease = claimed(detection)
        assert services.cancel(detection, owner)
        assert not services.record_verdict(detection.pk, lease.token, make_verdict())
        assert not leases.give_back(lease, "poison")
        detection.refresh_from_db()
        assert (detection.state, detection.result) == ("cancelled", None)

    @pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
    def test_what_is_over_stays(self, owner: User, state: str) -> None:
        assert not services.cancel(make_detection(owner, state=state), owner)
        assert not AuditEvent.objects.exists()


class TestRunAgain:
    def test_it_works(self, owner: User) -> None:
        first = make_detection(owner, state="done")
        second = services.run_again(first, owner)
        assert (second.media, second.state, second.owner) == (first.media, "queued", owner)
        first.refresh_from_db()
        assert first.state == "done"

    def test_without_bytes(self, owner: User) -> None:
        detection = make_detection(owner, state="done")
        assert services.purge_media(detection.media)
        with pytest.raises(MediaError, match="media_missing"):
            services.run_again(detection, owner)


class TestDelete:
    def test_it_works(self, owner: User, media_root: Path) -> None:
        detection = make_detection(owner, state="done")
        (media_store.directory(detection.media.pk) / "preview.jpg").write_bytes(b"preview")
        services.delete_media(detection.media, owner)
        assert not MediaFile.objects.exists()
        assert not Detection.objects.exists()
        assert not [path for path in media_root.rglob("*") if path.is_file()]
        assert AuditEvent.objects.get().verb == "deleted"

    def test_while_running_nothing_comes_back(self, owner: User) -> None:
        detection = make_detection(owner)
        lease = claimed(detection)
        services.delete_media(detection.media, owner)
        assert not services.record_verdict(detection.pk, lease.token, make_verdict())
        assert not Detection.objects.exists()

    def test_others_keep_theirs(self, owner: User, stranger: User) -> None:
        kept = make_media(stranger)
        services.delete_media(make_media(owner), owner)
        assert Path(MediaFile.objects.get().file.path).exists()
        assert MediaFile.objects.get() == kept

    def test_account_goes_with_everything(self, owner: User, stranger: User, media_root: Path) -> None:
        kept = make_media(stranger)
        for _ in range(2):
            make_detection(owner, state="done")
        number = owner.pk
        services.delete_account(owner)
        assert not User.objects.filter(username="owner").exists()
        assert [path.name for path in media_root.iterdir() if not path.name.startswith(".")] == [kept.pk.hex]
        event = AuditEvent.objects.get()
        assert (event.verb, event.actor_id, event.actor_name) == ("account_deleted", number, "owner")

    def test_discarding_twice_is_harmless(self, owner: User) -> None:
        media = make_media(owner)
        media_store.discard(media.pk)
        media_store.discard(media.pk)


def test_waking_what_does_not_wait_makes_no_task(owner: User) -> None:
    queue.wake(make_detection(owner, state="cancelled").pk)
    assert not OrmQ.objects.exists()


def test_audit_names_the_system_where_nobody_acted(owner: User) -> None:
    event = audit.record(None, "purged", make_media(owner))
    assert (event.actor, event.actor_name, event.object_type) == (None, "", "detection.mediafile")
