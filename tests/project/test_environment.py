"""How environment variables become settings."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from deepfake_site import environment, secret_key


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("", False)])
def test_flag(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("A_SWITCH", text)
    assert environment.flag("A_SWITCH") is value


@pytest.mark.parametrize("text", ["maybe", "2"])
def test_flag_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("A_SWITCH", text)
    with pytest.raises(ImproperlyConfigured, match="A_SWITCH"):
        environment.flag("A_SWITCH")


def test_number_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_NUMBER", "ten")
    with pytest.raises(ImproperlyConfigured, match="A_NUMBER"):
        environment.number("A_NUMBER", 1)


def test_sqlite() -> None:
    database = environment.database("sqlite:////srv/var/db.sqlite3")
    assert (database["ENGINE"], database["NAME"]) == ("django.db.backends.sqlite3", "/srv/var/db.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_postgresql() -> None:
    database = environment.database("postgres://me:p%40ss@db.example.org:5433/site")
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert [database[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "me",
        "p@ss",
        "db.example.org",
        "5433",
        "site",
    ]
    assert "OPTIONS" not in database  # a pool in a forked worker runs no task at all
    assert database["CONN_MAX_AGE"] == 0


def test_other_databases_are_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        environment.database("mysql://me@localhost/site")


def test_key_comes_from_its_file_unless_the_environment_has_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DJANGO_SECRET_KEY", raising=False)
    file = tmp_path / "var" / "secret_key"
    assert environment.secret_key(file) == ""
    assert secret_key.make(file)
    assert not secret_key.make(file)
    assert environment.secret_key(file) == file.read_text(encoding="ascii")
    monkeypatch.setenv("DJANGO_SECRET_KEY", "from outside")
    assert environment.secret_key(file) == "from outside"
