"""A room for uploads in which nothing may be left behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory of one upload. Temporary files would appear in `temporary`, which must stay empty."""
    temporary, room = tmp_path / "temporary", tmp_path / "room"
    temporary.mkdir()
    room.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    yield room
    assert list(temporary.iterdir()) == []


@pytest.fixture
def media_root() -> None:
    """These tests need no Django and no rows: the project-wide fixture stays out of their way."""
