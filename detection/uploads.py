"""What may come in: limits and probe. A refused upload leaves no file and no row."""

import errno
import shutil
import unicodedata
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from detection.upload_handlers import NO_ROOM, StagedUpload, has_room, staging_root
from ml_core.datatypes import MediaInfo
from ml_core.errors import MediaError
from ml_core.media.probe import probe

NAME_LENGTH = 255
SUFFIX_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that may be judged. It lies alone in a staging directory; whoever takes it moves it away."""

    info: MediaInfo
    path: Path

    def discard(self) -> None:
        """Remove what nobody took."""
        shutil.rmtree(self.path.parent, ignore_errors=True)


def accept(file: "UploadedFile[Any]") -> Accepted:
    """Bring the file into a directory of its own and look at it; MediaError says why it cannot be taken."""
    refuse_early(file)
    directory = staging_root() / uuid.uuid4().hex
    with ExitStack() as undo:
        directory.mkdir(mode=0o700)
        undo.callback(shutil.rmtree, directory, ignore_errors=True)
        path = directory / "original"
        bring(file, path)
        info = probe(path, display_name(file.name), max_bytes=settings.DEEPFAKE_MAX_UPLOAD_BYTES)
        undo.pop_all()
    return Accepted(info, path)


def refuse_early(file: "UploadedFile[Any]") -> None:
    """What needs no look inside."""
    if refusal := getattr(file, "refusal", ""):
        raise MediaError(refusal)
    size = file.size or 0
    on_disk = isinstance(file, StagedUpload)
    if not has_room(0 if on_disk else size):
        raise MediaError("disk_full")
    if size > settings.DEEPFAKE_MAX_UPLOAD_BYTES:
        raise MediaError("too_large")
    if size == 0:
        raise MediaError("empty")


def bring(file: "UploadedFile[Any]", path: Path) -> None:
    """A rename for what our own handler received, a copy for anything else."""
    if isinstance(file, StagedUpload):
        file.path.rename(path)
        return
    try:
        with path.open("wb") as target:
            for chunk in file.chunks():
                target.write(chunk)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise MediaError("disk_full", errno.errorcode[error.errno]) from error
        raise


def display_name(name: str | None) -> str:
    """The person's file name, safe to show: no path, no control or direction marks, 255 characters with its ending."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(" " if char.isspace() else char for char in last if char.isspace() or is_visible(char))
    clean = " ".join(visible.split())
    if len(clean) > NAME_LENGTH:
        suffix = Path(clean).suffix[:SUFFIX_LENGTH]
        clean = clean[: NAME_LENGTH - len(suffix) - 1].rstrip() + "…" + suffix
    return clean if clean.strip(". ") else "unnamed"


def is_visible(char: str) -> bool:
    """Not a control, format, surrogate, private or unassigned character."""
    return not unicodedata.category(char).startswith("C")
