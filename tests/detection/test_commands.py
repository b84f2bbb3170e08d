"""The commands of the operator."""

import hashlib
import io
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from detection import media_store
from detection.models import MediaFile
from tests.factories import make_media


def output(command: str, *arguments: str) -> str:
    stream = io.StringIO()
    call_command(command, *arguments, stdout=stream)
    return stream.getvalue()


class TestRoles:
    def test_it_works(self, db: None) -> None:
        Group.objects.all().delete()
        output("create_roles")
        assert set(Group.objects.values_list("name", flat=True)) == {"user", "moderator", "lead", "admin"}

    def test_again_restores_what_was_changed(self, db: None) -> None:
        output("create_roles")
        group = Group.objects.get(name="moderator")
        before = set(group.permissions.all())
        group.permissions.clear()
        output("create_roles")
        assert set(group.permissions.all()) == before
        assert before

    def test_a_user_may_not_see_the_others(self, owner: User, moderator: User) -> None:
        assert not owner.has_perm("detection.view_detection")
        assert moderator.has_perm("detection.view_detection")

    def test_nobody_may_write_the_queue(self, db: None) -> None:
        """Its rows are pickles and names of functions."""
        output("create_roles")
        writes = Group.objects.filter(permissions__content_type__app_label="django_q").exclude(
            permissions__codename__startswith="view_"
        )
        assert not writes.exists()


class TestDemoAccounts:
    def test_it_works(self, roles: None) -> None:
        lines = dict(line.split() for line in output("create_demo_accounts").splitlines()[1:])
        assert set(lines) == {"demo", "moderator", "admin"}
        for name, password in lines.items():
            assert User.objects.get(username=name).check_password(password)
        assert [user.username for user in User.objects.filter(is_superuser=True)] == ["admin"]
        assert User.objects.get(username="moderator").has_perm("detection.view_detection")

    def test_only_where_nobody_is_registered(self, owner: User) -> None:
        assert output("create_demo_accounts") == ""
        assert User.objects.count() == 1


class TestSanity:
    @pytest.fixture(autouse=True)
    def version(self, settings: Settings, tmp_path: Path) -> Path:
        weights = tmp_path / "models" / "v1" / "gate.safetensors"
        weights.parent.mkdir(parents=True)
        weights.write_bytes(b"weights")
        file = {"path": "v1/gate.safetensors", "size": 7, "sha256": hashlib.sha256(b"weights").hexdigest()}
        manifest = {"schema_version": 1, "members": {}, "gate": {"files": [file]}}
        (weights.parent / "manifest.json").write_text(json.dumps(manifest))
        settings.DEEPFAKE_MODELS = tmp_path / "models"
        return weights

    def complaint(self) -> str:
        stream = io.StringIO()
        with pytest.raises(SystemExit, match="1"):
            call_command("sanity_check", stdout=stream)
        return stream.getvalue()

    def test_it_works(self, owner: User) -> None:
        make_media(owner)
        output("register_models")
        assert output("sanity_check") == "Everything is in its place.\n"

    def test_missing_file(self, owner: User) -> None:
        media = make_media(owner)
        media_store.discard(media.pk)
        assert str(media.pk) in self.complaint()

    def test_changed_file(self, owner: User) -> None:
        path = Path(make_media(owner, b"bytes").file.path)
        path.write_bytes(b"Bytes")
        assert "its checksum is wrong" in self.complaint()

    def test_directory_without_a_row(self, owner: User, media_root: Path) -> None:
        name = make_media(owner).pk.hex
        MediaFile.objects.all().delete()
        assert f"directory {name}" in self.complaint()

    def test_damaged_weights(self, db: None, version: Path) -> None:
        version.write_bytes(b"weight")
        assert "v1/gate.safetensors: 6 bytes instead of 7" in self.complaint()

    def test_damaged_manifest(self, db: None, version: Path) -> None:
        (version.parent / "manifest.json").write_text("{}")
        assert "its manifest cannot be read" in self.complaint()


def test_prune_media(owner: User) -> None:
    make_media(owner, created_at=timezone.now() - timedelta(days=5))
    assert output("prune_media") == "Files removed: 0\n"
    assert output("prune_media", "--days", "4") == "Files removed: 1\n"


class TestSetup:
    def run(self, var: Path) -> subprocess.CompletedProcess[str]:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "DATABASE_"))},
            "DJANGO_SETTINGS_MODULE": "deepfake_site.settings",
            "DEEPFAKE_VAR": str(var),
            "MEDIA_ROOT": str(var / "media"),
            "DEEPFAKE_FROZEN": str(var / "none.csv"),
        }
        command = [sys.executable, "manage.py", "setup"]
        return subprocess.run(
            command, cwd=configured.BASE_DIR, env=environment, capture_output=True, text=True, check=True
        )

    def test_it_works_and_again_changes_nothing(self, tmp_path: Path) -> None:
        var = tmp_path / "var"
        first = self.run(var).stdout
        key = (var / "secret_key").read_text()
        assert len(key) >= 50
        assert (var / "secret_key").stat().st_mode & 0o777 == 0o600
        assert (var / "db.sqlite3").read_bytes()[18:20] == b"\2\2"  # the file format's mark of WAL
        assert "demo" in first
        assert self.run(var).stdout == ""
        assert (var / "secret_key").read_text() == key
