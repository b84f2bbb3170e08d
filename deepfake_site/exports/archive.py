"""The archives' files: MEDIA_ROOT/.exports/<hex of the export's id>.zip, readable by this account only.

Below MEDIA_ROOT, which all hosts share: one makes an archive, another one may serve it.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from detection import media_store

README = """Your data, as of {at}.

Each file is a list with one object per line; times are in UTC. Uploaded media are not in it: download them from their
results. Passwords, tokens and signing secrets are not stored in a readable form and cannot be given out.

{contents}
"""


def directory() -> Path:
    """Where they lie."""
    return media_store.root() / ".exports"


def path_of(export_id: uuid.UUID) -> Path:
    """One of them."""
    return directory() / f"{export_id.hex}.zip"


def write(export_id: uuid.UUID, sections: Iterable[tuple[str, str, Iterable[Any]]], at: str) -> tuple[int, str]:
    """Write the sections (name, what it is, its rows) one after the other; gives size and SHA-256.

    Rows are never all in memory. The archive gets its name when it is whole.
    """
    directory().mkdir(mode=0o700, parents=True, exist_ok=True)
    part = directory() / f"{uuid.uuid4().hex}.part"
    try:
        contents = []
        part.touch(mode=0o600)
        with ZipFile(part, "w", ZIP_DEFLATED) as archive:
            for name, words, rows in sections:
                contents.append(f"{name}.json: {words}")
                _write_section(archive, f"{name}.json", rows)
            archive.writestr("README.txt", README.format(at=at, contents="\n".join(contents)))
        size, digest = part.stat().st_size, _digest(part)
        part.replace(path_of(export_id))
    finally:
        part.unlink(missing_ok=True)
    return size, digest


def _write_section(archive: ZipFile, name: str, rows: Iterable[Any]) -> None:
    with archive.open(name, "w", force_zip64=True) as file:
        for line in _lines(rows):
            file.write(line.encode())


def _lines(rows: Iterable[Any]) -> Iterator[str]:
    yield "["
    before = "\n"
    for row in rows:
        yield before + json.dumps(row, ensure_ascii=False)
        before = ",\n"
    yield "\n]\n"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def discard(export_id: uuid.UUID) -> None:
    """Remove one."""
    path_of(export_id).unlink(missing_ok=True)


def files() -> list[Path]:
    """All that lie there, unfinished ones too."""
    return list(directory().iterdir()) if directory().is_dir() else []
