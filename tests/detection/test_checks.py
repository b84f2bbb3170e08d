"""System checks: each speaks when it should and is silent otherwise."""

import json
from copy import deepcopy
from pathlib import Path

import pytest
from django.core.checks import run_checks
from pytest_django import Settings


def ids() -> set[str | None]:
    return {message.id for message in run_checks() if (message.id or "").startswith("deepfake_site.")}


@pytest.fixture(autouse=True)
def in_order(settings: Settings, tmp_path: Path, media_root: Path) -> None:
    """An installation with nothing to complain about."""
    models = tmp_path / "models"
    (models / "v1").mkdir(parents=True)
    (models / "v1" / "manifest.json").write_text(json.dumps({"schema_version": 1}))
    (models / "manifest.json").write_text(json.dumps({"champion": "v1"}))
    settings.DEEPFAKE_MODELS = models
    settings.SECRET_KEY_FILE = tmp_path / "secret_key"
    settings.SECRET_KEY_FILE.write_text("key")
    settings.SECRET_KEY_FILE.chmod(0o600)


def test_nothing_to_say() -> None:
    assert ids() == set()


@pytest.mark.parametrize("cluster", ["default", "training", "light"])
def test_retry_is_too_short(settings: Settings, cluster: str) -> None:
    settings.Q_CLUSTER = deepcopy(settings.Q_CLUSTER)
    changed = settings.Q_CLUSTER["ALT_CLUSTERS"].get(cluster, settings.Q_CLUSTER)
    changed["retry"] = changed["timeout"] * 3
    assert ids() == {"deepfake_site.E001"}


def test_no_champion(settings: Settings) -> None:
    (settings.DEEPFAKE_MODELS / "manifest.json").write_text(json.dumps({"champion": "v2"}))
    assert ids() == {"deepfake_site.W001"}


def test_no_media_root(media_root: Path) -> None:
    (media_root / ".staging").rmdir()
    media_root.rmdir()
    assert ids() == {"deepfake_site.W002"}


def test_key_file_is_readable_by_others(settings: Settings) -> None:
    settings.SECRET_KEY_FILE.chmod(0o644)
    assert ids() == {"deepfake_site.E003"}
