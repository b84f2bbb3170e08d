"""A version into one file."""

import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from detection import audit
from learning.registry import folders
from learning.registry.archive import FORMAT, INDEX, SIGNATURE, sign
from learning.registry.models import ModelVersion

EXTRA = ("manifest.json", "card.json")


def export_version(version: ModelVersion, target: Path, actor: User | None = None) -> Path:
    """Writes the archive beside its place, then renames it. Raises WeightsError where the version is not whole."""
    folder = folders.read(version.name)
    folders.check_files(folder)
    files = [_entry(path) for path in _paths(folder)]
    index = json.dumps(
        {"format": FORMAT, "version": version.name, "made_from": folder.parent, "files": files},
        indent=1,
        sort_keys=True,
    ).encode()
    part = target.with_name(f".{target.name}.part")
    try:
        _write(part, index, [file["path"] for file in files])
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    with transaction.atomic():
        digest = hashlib.sha256(index).hexdigest()
        audit.record(actor, "version_exported", version, name=version.name, sha256=digest, signed=bool(sign(index)))
    return target


def _paths(folder: folders.Folder) -> list[str]:
    """The version's own papers, then every weight file once."""
    papers = [f"{folder.name}/{name}" for name in EXTRA if (folders.root() / folder.name / name).is_file()]
    return papers + sorted({str(file["path"]) for file in folders.files_of(folder.manifest)})


def _entry(path: str) -> dict[str, Any]:
    file = folders.root() / path
    with file.open("rb") as stream:
        return {"path": path, "sha256": hashlib.file_digest(stream, "sha256").hexdigest(), "size": file.stat().st_size}


def _write(part: Path, index: bytes, paths: list[str]) -> None:
    """Stored, not compressed: weights are noise, and a reader can tell the sizes from the list."""
    with part.open("wb") as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(INDEX, index)
            if signature := sign(index):
                archive.writestr(SIGNATURE, signature)
            for path in paths:
                archive.write(folders.root() / path, path)
        stream.flush()
        os.fsync(stream.fileno())
