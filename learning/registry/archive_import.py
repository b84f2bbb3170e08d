"""A version out of one file, from people whom nobody has to trust: signature, names, sizes and checksums first.

Everything is written to a staging folder, loaded there by a process of its own, and only then moved to its place; the
folder of the version comes last. What is refused leaves nothing behind.
"""

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from learning.registry import archive, folders, services
from learning.registry.archive import ArchiveError
from learning.registry.models import ModelVersion
from learning.registry.verification import load_in_child

CHUNK = 1024 * 1024
Index = dict[str, Any]


def import_version(path: Path, actor: User | None = None, *, trusted: bool = False) -> ModelVersion:
    """The new candidate. Raises ArchiveError, or WeightsError where its weights cannot be loaded."""
    with _opened(path) as bundle:
        index = _index(bundle, trusted)
        name = str(index["version"])
        if (folders.root() / name).exists() or ModelVersion.objects.filter(name=name).exists():
            raise ArchiveError("name_taken", name)
        staging = Path(tempfile.mkdtemp(prefix=".import.", dir=folders.root()))
        try:
            for file in index["files"]:
                _extract(bundle, file, staging / file["path"])
            _complete(staging, name)
            load_in_child(name, staging)
            _move(staging, name)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return services.register(name, services.Origin.IMPORT, actor=actor)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as bundle:
            yield bundle
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ArchiveError("not_an_archive", str(error)) from error


def _index(bundle: zipfile.ZipFile, trusted: bool) -> Index:
    """The list of files, signed, sensible, and that of the members that are there."""
    members = [info.filename for info in bundle.infolist()]
    if archive.INDEX not in members or len(members) > archive.MOST_FILES + 2:
        raise ArchiveError("not_an_archive", "there is no list of files, or there are too many of them")
    raw = _small(bundle, archive.INDEX)
    signature = _small(bundle, archive.SIGNATURE).decode("ascii", "replace") if archive.SIGNATURE in members else None
    archive.check_signature(raw, signature, trusted)
    try:
        index: Index = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ArchiveError("not_an_archive", "its list of files is no JSON") from error
    archive.check_index(index)
    listed = [file["path"] for file in index["files"]]
    if sorted(members) != sorted([*listed, *({archive.INDEX, archive.SIGNATURE} & set(members))]):
        raise ArchiveError("unexpected_files")
    return index


def _small(bundle: zipfile.ZipFile, name: str) -> bytes:
    with bundle.open(name) as stream:
        content = stream.read(archive.MOST_INDEX + 1)
    if len(content) > archive.MOST_INDEX:
        raise ArchiveError("too_large")
    return content


def _extract(bundle: zipfile.ZipFile, file: Index, target: Path) -> None:
    """At most as many bytes as are listed are ever written, whatever the zip says of itself."""
    target.parent.mkdir(exist_ok=True)
    digest, left = hashlib.sha256(), int(file["size"])
    with bundle.open(file["path"]) as source, target.open("xb") as sink:
        while chunk := source.read(min(CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                break
            digest.update(chunk)
            sink.write(chunk)
    target.chmod(0o644)
    if left or digest.hexdigest() != file["sha256"]:
        raise ArchiveError("checksum", str(file["path"]))


def _complete(staging: Path, name: str) -> None:
    """It is the version that it says; and what it shares with versions that are here is the same here."""
    manifest = json.loads((staging / name / "manifest.json").read_text(encoding="utf-8"))
    if manifest.get("version") != name or not folders.NAME.fullmatch(name):
        raise ArchiveError("not_an_archive", "its manifest is that of another version")
    for path in _foreign(staging, name):
        here = folders.root() / path.relative_to(staging)
        if here.exists() and here.read_bytes() != path.read_bytes():
            raise ArchiveError("conflict", str(path.relative_to(staging)))


def _foreign(staging: Path, name: str) -> list[Path]:
    """Weight files that belong to other versions."""
    return [path for path in staging.glob("*/*.safetensors") if path.parent.name != name]


def _move(staging: Path, name: str) -> None:
    """Shared files first, the version's folder last and in one step: nothing sees half a version."""
    for path in _foreign(staging, name):
        here = folders.root() / path.relative_to(staging)
        here.parent.mkdir(exist_ok=True)
        if not here.exists():
            path.rename(here)
    try:
        (staging / name).rename(folders.root() / name)
    except OSError as error:
        raise ArchiveError("name_taken", name) from error
