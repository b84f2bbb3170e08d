"""Do rows, files and model versions still belong together? Reports, changes nothing."""

import hashlib
import uuid
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings

from detection import media_store
from detection.models import MediaFile
from ml_core.errors import WeightsError
from ml_core.versions import Manifest, read_manifest

MORE: list[Callable[[], Iterator[str]]] = []  # what the applications above have to say; they add it when they load


def problems() -> Iterator[str]:
    """One sentence for each thing that is wrong."""
    own = (_media(), _directories(), _versions(Path(settings.DEEPFAKE_MODELS)))
    return chain(*own, *(more() for more in MORE))


def _media() -> Iterator[str]:
    for media in MediaFile.objects.filter(purged_at=None).order_by("pk").iterator():
        path = media_store.root() / str(media.file.name)
        if fault := _fault(path, media.size, media.sha256):
            yield f"media {media.pk}: {fault}"


def _directories() -> Iterator[str]:
    root = media_store.root()
    names = {path.name for path in root.iterdir()} if root.is_dir() else set()
    found = {uuid.UUID(hex=name) for name in names if media_store.DIRECTORY_NAME.fullmatch(name)}
    known = set(MediaFile.objects.filter(purged_at=None).values_list("pk", flat=True))
    for media_id in sorted(found - known):
        yield f"directory {media_id.hex}: no media belongs to it"


def _versions(models: Path) -> Iterator[str]:
    for manifest in sorted(models.glob("*/manifest.json")):
        try:
            files = list(_files(read_manifest(models, manifest.parent.name)))
        except (WeightsError, KeyError) as error:
            yield f"version {manifest.parent.name}: its manifest cannot be read ({error})"
            continue
        for file in files:
            if fault := _fault(models / file["path"], file["size"], file["sha256"]):
                yield f"version {manifest.parent.name}: {file['path']}: {fault}"


def _files(version: Manifest) -> Iterator[dict[str, Any]]:
    for part in (*version["members"].values(), version["gate"]):
        yield from part["files"]


def _fault(path: Path, size: int, sha256: str) -> str:
    """What is wrong with a file; nothing is an empty text."""
    try:
        if path.stat().st_size != size:
            return f"{path.stat().st_size} bytes instead of {size}"
        with path.open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "" if same else "its checksum is wrong"
