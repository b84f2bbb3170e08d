"""scripts/venv.sh, with a Python that only pretends: says what is missing, installs only what changed."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRETENDING = """#!/bin/sh
case "$*" in
  *{refused}*) exit 1 ;;
  *"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *"-m pip install"*) echo installed >>pip.log ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout that holds just what the script reads."""
    shutil.copy(ROOT / "scripts" / "venv.sh", tmp_path)
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        (tmp_path / name).write_text("something==1.0\n")
    return tmp_path


def pretend_python(folder: Path, refused: str = "nothing-is-refused") -> Path:
    python = folder / "python3"
    python.write_text(PRETENDING.format(refused=refused))
    python.chmod(0o755)
    return python


def call(folder: Path, python: Path, name: str = "requirements.txt") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": str(python)}
    return subprocess.run(["./venv.sh", name], cwd=folder, env=environment, capture_output=True, text=True)


def installations(folder: Path) -> int:
    log = folder / "pip.log"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_it_works(folder: Path) -> None:
    done = call(folder, pretend_python(folder))
    assert done.returncode == 0, done.stderr
    assert installations(folder) == 1


def test_a_second_call_installs_nothing(folder: Path) -> None:
    python = pretend_python(folder)
    call(folder, python)
    assert call(folder, python).stdout == ""
    assert installations(folder) == 1


@pytest.mark.parametrize("name", ["requirements.txt", "constraints.txt"])
def test_a_changed_pin_installs_again(folder: Path, name: str) -> None:
    python = pretend_python(folder)
    call(folder, python)
    (folder / name).write_text("something==2.0\n")
    call(folder, python)
    assert installations(folder) == 2


def test_an_interrupted_installation_is_done_again(folder: Path) -> None:
    done = call(folder, pretend_python(folder, refused='"-m pip install"'))
    assert done.returncode == 1
    assert "requirements.txt failed" in done.stderr
    pretend_python(folder).replace(folder / ".venv" / "bin" / "python")
    call(folder, pretend_python(folder))
    assert installations(folder) == 1


def test_no_python(folder: Path) -> None:
    done = call(folder, folder / "absent")
    assert done.returncode == 1
    assert "sudo apt install python3 python3-venv" in done.stderr


def test_too_old_a_python(folder: Path) -> None:
    done = call(folder, pretend_python(folder, refused="version_info"))
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr


def test_no_venv_module(folder: Path) -> None:
    done = call(folder, pretend_python(folder, refused="ensurepip"))
    assert done.returncode == 1
    assert "sudo apt install python3-venv" in done.stderr


def test_no_graphics_library(folder: Path) -> None:
    done = call(folder, pretend_python(folder, refused="libGL"))
    assert done.returncode == 1
    assert "sudo apt install libgl1 libglib2.0-0" in done.stderr
    assert not (folder / ".venv").exists()
