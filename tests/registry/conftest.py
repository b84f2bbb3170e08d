"""A models folder with the version `one` as its champion and `two` beside it; both have their rows."""

from pathlib import Path

import pytest
from pytest_django import Settings

from learning.registry import verification
from learning.registry.models import Evaluation, ModelVersion
from learning.registry.reconcile import reconcile
from learning.registry.services import register
from tests.registry.versions import make_folder


@pytest.fixture
def models(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder; no test of rows and folders loads weights."""
    root = tmp_path / "models"
    settings.DEEPFAKE_MODELS = root
    make_folder(root, "one", champion=True)
    monkeypatch.setattr(verification, "load_in_child", lambda name: None)
    return root


@pytest.fixture
def one(db: None, models: Path) -> ModelVersion:
    """The champion."""
    reconcile()
    return ModelVersion.objects.get(name="one")


@pytest.fixture
def two(one: ModelVersion, models: Path) -> ModelVersion:
    """A candidate, not judged yet."""
    make_folder(models, "two", created="2026-11-23T10:00:00+00:00")
    return register("two", ModelVersion.Origin.FEEDBACK, one)


def judge(version: ModelVersion, champion: ModelVersion, passed: bool = True) -> Evaluation:
    """What the gate would have said."""
    return Evaluation.objects.create(version=version, champion=champion, passed=passed, report={})
