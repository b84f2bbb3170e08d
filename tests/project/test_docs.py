"""What the documents say is there."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
READS = re.compile(
    r'(?:environ\.get|env\.(?:flag|number|words|path|rates|fraction)|flag|number|words|path|rates|fraction)\(\s*"([A-Z][A-Z_]+)"'
)
OF_TORCHRUN = {"RANK"}  # which torchrun itself sets
APPS = ("deepfake_site", "detection", "learning")
NOT_OF_THE_SITE = {"POSTGRES_PASSWORD", "DEVICE", "TORCH_INDEX", "PORT", "HOST"}  # compose, Dockerfile, make run


def variables_read() -> set[str]:
    files = [
        *(ROOT / "deepfake_site").glob("*.py"),
        *(ROOT / "ml_core").rglob("*.py"),
        *(ROOT / "detection").rglob("*.py"),
    ]
    return {name for file in files for name in READS.findall(file.read_text())} - OF_TORCHRUN


def variables_documented() -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))


def test_the_example_environment_names_every_variable_that_is_read() -> None:
    assert variables_read() - variables_documented() == set()


def test_the_example_environment_names_nothing_else() -> None:
    assert variables_documented() - variables_read() == NOT_OF_THE_SITE


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_inside_the_repository_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert phony
    assert set(re.findall(r"^  make (\w+) +\S", listed, flags=re.MULTILINE)) == set(phony.group(1).split())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_command_in_the_documents_exists(document: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make (\w+)", document.read_text(), flags=re.MULTILINE)) - targets == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_management_command_in_the_documents_exists(document: Path) -> None:
    named = set(re.findall(r"manage\.py (\w+)", document.read_text()))
    of_packages = {
        "createsuperuser",
        "migrate",
        "shell",
        "dumpdata",
        "loaddata",
        "check",
        "changepassword",
        "collectstatic",
        "spectacular",  # of drf-spectacular
    }
    ours = {file.stem for app in APPS for file in (ROOT / app).rglob("management/commands/*.py")}
    assert named - of_packages - ours == set()


def test_the_readme_names_what_a_reader_looks_for() -> None:
    readme = (ROOT / "README.md").read_text()
    for needed in (
        "make run",
        "make test",
        "manage.py detect",
        "python -m ml_core predict",
        "docs/model_card.md",
        "MIT",
    ):
        assert needed in readme
