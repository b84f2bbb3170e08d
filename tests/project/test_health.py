"""Alive, and ready."""

import json
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings


@pytest.fixture
def models(tmp_path: Path, settings: Settings) -> Path:
    """A folder of model versions with a champion."""
    root = tmp_path / "models"
    (root / "v1").mkdir(parents=True)
    (root / "v1" / "manifest.json").write_text('{"schema_version": 1}')
    (root / "manifest.json").write_text(json.dumps({"schema_version": 1, "champion": "v1"}))
    settings.DEEPFAKE_MODELS = root
    return root


def break_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", refuse)


def test_live_asks_nobody(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    break_database(monkeypatch)
    response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready(db: None, client: Client, models: Path) -> None:
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"database": True, "champion": True}}
    assert "no-store" in response.headers["Cache-Control"]


def test_not_ready_without_database(client: Client, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_database(monkeypatch)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": False, "champion": True}


@pytest.mark.parametrize("manifest", [None, "", "[]", '{"champion": null}', '{"champion": "v2"}'])
def test_not_ready_without_champion(db: None, client: Client, models: Path, manifest: str | None) -> None:
    (models / "manifest.json").unlink()
    if manifest is not None:
        (models / "manifest.json").write_text(manifest)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": True, "champion": False}


def test_only_reads(client: Client) -> None:
    assert client.post("/health/live").status_code == 405
