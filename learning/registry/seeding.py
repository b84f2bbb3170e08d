"""The versions that come with the program, in a models' folder elsewhere: a container's image cannot be written to.

A folder that has a champion and was never seeded is somebody's own and stays as it is. In a seeded one, versions that
came with an update are added, and the pointer follows the program for as long as it names what the program brought;
once somebody promoted or rolled back, it is theirs, and a new version waits as a candidate.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from learning.registry import folders, pointer
from ml_core.config import TRAINED_MODELS
from ml_core.versions import champion

NOTE = ".seeded"  # names the champion that the program brought last


def seed(source: Path = TRAINED_MODELS) -> Iterator[str]:
    """What was done, a sentence each; nothing where the folder is the program's own. Raises OSError, WeightsError."""
    note = folders.root() / NOTE
    if folders.root().resolve() == source.resolve() or (pointer.named() and not note.is_file()):
        return
    folders.root().mkdir(parents=True, exist_ok=True)
    # Every folder, also one without a manifest: it may hold no more than a base that others share.
    for version in sorted(path for path in source.iterdir() if path.is_dir()):
        if not (folders.root() / version.name).exists():
            _copy(version)
            yield f"version {version.name} was copied to {folders.root()}"
    brought = champion(source)
    with pointer.hold():
        if pointer.named() in (None, _read(note)) and pointer.named() != brought:
            pointer.move(brought)
    note.write_text(brought, encoding="utf-8")


def _copy(version: Path) -> None:
    """Under another name first: a folder that is there is whole."""
    part = folders.root() / f".{version.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(version, part)
    part.rename(folders.root() / version.name)


def _read(note: Path) -> str | None:
    return note.read_text(encoding="utf-8") if note.is_file() else None
