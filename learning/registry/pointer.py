"""The pointer to the champion, which the inference hosts follow, and the lock under which it is moved."""

import fcntl
from typing import IO

from learning.registry import folders
from ml_core.errors import WeightsError
from ml_core.versions import champion, set_champion


def named() -> str | None:
    """The version that the pointer names, None where it names none."""
    try:
        return champion(folders.root())
    except WeightsError:
        return None


def move(name: str) -> None:
    """Temporary file, fsync, rename. Raises OSError or WeightsError, and then it is where it was."""
    set_champion(folders.root(), name)


def hold() -> IO[str]:
    """One mover at a time, over all processes: rows are read and the pointer moved until this file is closed."""
    file = (folders.root() / ".pointer.lock").open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file
