"""`sanity_check` compares rows and folders, both ways."""

from pathlib import Path

from learning.registry.models import ModelVersion
from learning.registry.sanity import problems
from ml_core.versions import set_champion
from tests.registry.versions import make_folder


def complaints() -> str:
    return "\n".join(problems())


def test_it_works(one: ModelVersion, two: ModelVersion) -> None:
    assert complaints() == ""


def test_a_row_without_its_folder(one: ModelVersion, two: ModelVersion, models: Path) -> None:
    for path in (models / "two").iterdir():
        path.unlink()
    assert complaints() == "version two: it has a row and no folder"


def test_a_folder_without_its_row(one: ModelVersion, models: Path) -> None:
    make_folder(models, "lost")
    assert "version lost: it has a folder and no row" in complaints()


def test_a_manifest_that_was_changed(one: ModelVersion, models: Path) -> None:
    path = models / "one" / "manifest.json"
    path.write_text(path.read_text() + "\n")
    assert complaints() == "version one: its manifest is not the one that was registered"


def test_a_pointer_to_somebody_else(one: ModelVersion, two: ModelVersion, models: Path) -> None:
    set_champion(models, "two")
    assert complaints() == "the champion is one and the pointer names two"
