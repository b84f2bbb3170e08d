"""What lies in the models' folder: the light half, without torch. Every fault is a WeightsError with its code."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from ml_core.errors import WeightsError
from ml_core.versions import Manifest, read_manifest

NAME = re.compile(r"(?!(champion|rollback)$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # two are addresses beside /models/NAME


@dataclass(frozen=True, slots=True)
class Folder:
    """A version as its manifest describes it; sizes in bytes."""

    name: str
    manifest: Manifest
    manifest_sha256: str
    own_bytes: int
    all_bytes: int

    @property
    def parent(self) -> str | None:
        """The version that it was made from."""
        return self.manifest.get("parent")

    @property
    def made_at(self) -> datetime | None:
        """When it was written, if the manifest says so."""
        try:
            made = datetime.fromisoformat(str(self.manifest.get("created")))
        except ValueError:
            return None
        return made if made.tzinfo else made.replace(tzinfo=UTC)


def root() -> Path:
    """Where the versions lie."""
    return Path(settings.DEEPFAKE_MODELS)


def names() -> list[str]:
    """The versions that have a folder with a manifest, sorted."""
    return sorted(path.parent.name for path in root().glob("*/manifest.json") if NAME.fullmatch(path.parent.name))


def read(name: str) -> Folder:
    """A version folder. Raises WeightsError `bad_name`, `no_manifest`, `bad_manifest` or `newer_schema`."""
    if not NAME.fullmatch(name):
        raise WeightsError("bad_name", f"{name!r} cannot be the name of a version")
    manifest = read_manifest(root(), name)
    content = (root() / name / "manifest.json").read_bytes()
    try:
        sizes = {file["path"]: int(file["size"]) for file in files_of(manifest)}
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError("bad_manifest", f"version {name} names its files wrongly") from error
    own = sum(path.stat().st_size for path in (root() / name).iterdir() if path.is_file())
    foreign = sum(size for path, size in sizes.items() if not path.startswith(f"{name}/"))
    return Folder(name, manifest, hashlib.sha256(content).hexdigest(), own, own + foreign)


def files_of(manifest: Manifest) -> Iterator[dict[str, Any]]:
    """The entries of all weight files: path, sha256, size."""
    for part in (*manifest["members"].values(), manifest["gate"]):
        yield from part["files"]


def check_files(folder: Folder) -> None:
    """Size and checksum of every file. Raises WeightsError `missing_file` or `checksum`."""
    for entry in files_of(folder.manifest):
        path = root() / entry["path"]
        if not path.resolve().is_relative_to(root().resolve()) or not path.is_file():
            raise WeightsError("missing_file", f"{path} does not exist")
        with path.open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == entry["sha256"]
        if path.stat().st_size != entry["size"] or not same:
            raise WeightsError("checksum", f"{entry['path']} is not the file that the manifest names")
