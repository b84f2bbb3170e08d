"""The versions of the program in a folder of their own, as containers have it."""

from pathlib import Path

import pytest
from pytest_django import Settings

from learning.registry import pointer
from learning.registry.models import ModelVersion
from learning.registry.reconcile import reconcile
from learning.registry.seeding import NOTE, seed
from ml_core.versions import set_champion
from tests.registry.versions import make_folder


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """What the program brings."""
    make_folder(tmp_path / "image", "shipped", champion=True)
    return tmp_path / "image"


@pytest.fixture
def volume(tmp_path: Path, settings: Settings) -> Path:
    """Empty at first."""
    settings.DEEPFAKE_MODELS = tmp_path / "volume"
    return tmp_path / "volume"


def update(image: Path, name: str = "newer") -> None:
    make_folder(image, name, created="2026-11-25T10:00:00+00:00", champion=True)


def test_it_works(image: Path, volume: Path) -> None:
    assert list(seed(image)) == [f"version shipped was copied to {volume}"]
    assert pointer.named() == "shipped"
    assert (volume / "shipped" / "gate.safetensors").read_bytes() == b"weights of shipped"
    assert list(seed(image)) == []


def test_a_base_that_is_all_there_is_of_its_version_comes_along(image: Path, volume: Path) -> None:
    (image / "older").mkdir()
    (image / "older" / "vit_base.safetensors").write_bytes(b"shared")
    list(seed(image))
    assert (volume / "older" / "vit_base.safetensors").read_bytes() == b"shared"


def test_an_update_brings_its_version_into_force(db: None, image: Path, volume: Path) -> None:
    for _ in range(2):
        list(seed(image))
        reconcile()
        update(image, "newer") if not (image / "newer").exists() else None
    assert pointer.named() == "newer"
    assert ModelVersion.objects.get(name="newer").replaced == ModelVersion.objects.get(name="shipped")


def test_what_somebody_promoted_stays_in_force(db: None, image: Path, volume: Path) -> None:
    list(seed(image))
    make_folder(volume, "learned", champion=True)
    update(image)
    for _ in range(2):
        list(seed(image))
        reconcile()
    assert pointer.named() == "learned"
    assert ModelVersion.objects.get(name="newer").state == ModelVersion.State.CANDIDATE


def test_what_somebody_rolled_back_stays_so(image: Path, volume: Path) -> None:
    list(seed(image))
    update(image)
    list(seed(image))
    set_champion(volume, "shipped")
    for _ in range(2):
        list(seed(image))
    assert pointer.named() == "shipped"


def test_a_copy_that_was_cut_off_is_done_again(image: Path, volume: Path) -> None:
    (volume / ".shipped.part").mkdir(parents=True)
    (volume / ".shipped.part" / "half").write_bytes(b"")
    list(seed(image))
    assert sorted(path.name for path in (volume / "shipped").iterdir()) == ["gate.safetensors", "manifest.json"]


def test_somebodys_own_folder_is_left_alone(image: Path, models: Path) -> None:
    assert list(seed(image)) == []
    assert not (models / "shipped").exists()
    assert not (models / NOTE).exists()


def test_the_programs_own_folder_needs_nothing(models: Path) -> None:
    assert list(seed(models)) == []
    assert not (models / NOTE).exists()
