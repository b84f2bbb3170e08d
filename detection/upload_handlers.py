"""How the bytes of an upload reach the disk: counted, below MEDIA_ROOT, and never more than may be."""

import errno
import shutil
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from detection import media_store
from ml_core.config import MIB

if TYPE_CHECKING:
    BytesUpload = UploadedFile[bytes]
else:
    BytesUpload = UploadedFile  # generic for the type checker only

RESERVE_BYTES = 256 * MIB  # stays free: the database and the previews live on the same disk
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


def staging_root() -> Path:
    """Where files wait until they are accepted: the file system of MEDIA_ROOT, so that taking one is a rename."""
    root = media_store.staging()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return root


def has_room(size: int) -> bool:
    """Would a file of this many bytes leave the reserve untouched?"""
    return shutil.disk_usage(staging_root()).free >= size + RESERVE_BYTES


class StagedUpload(BytesUpload):
    """A file on its way in. `refusal` is the code of an error met while it arrived; nothing of it is kept then."""

    def __init__(self, *, name: str | None, content_type: str | None, charset: str | None, extra: Any) -> None:
        # Not a `with`: it lives as long as the request, which closes it.
        self.staged: IO[bytes] = tempfile.NamedTemporaryFile(dir=staging_root())  # noqa: SIM115
        super().__init__(self.staged, name, content_type, 0, charset, extra)
        self.refusal = ""

    @property
    def path(self) -> Path:
        """Where it lies now."""
        return Path(self.staged.name)

    def take(self, chunk: bytes, start: int) -> None:
        """One more piece, unless it is one too many."""
        if self.refusal:
            return
        if start + len(chunk) > settings.DEEPFAKE_MAX_UPLOAD_BYTES:
            return self.refuse("too_large")
        try:
            self.staged.write(chunk)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self.refuse("disk_full")

    def complete(self, size: int) -> None:
        """All of it has come. The disk may turn out to be full only now, when the last buffer is written."""
        try:
            self.staged.flush()
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self.refuse("disk_full")
        self.size = size
        self.staged.seek(0)

    def refuse(self, code: str) -> None:
        """Forget what came and ignore what comes."""
        self.refusal = code
        self.staged.seek(0)
        self.staged.truncate()

    def close(self) -> None:
        """An accepted file has been moved away by then."""
        try:
            self.staged.close()
        except FileNotFoundError:
            return


class LimitedTemporaryFileUploadHandler(FileUploadHandler):
    """Every file of a request goes through here, whatever form or interface it came by."""

    file: StagedUpload

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.file = StagedUpload(
            name=self.file_name,
            content_type=self.content_type,
            charset=self.charset,
            extra=self.content_type_extra,
        )
        announced = int(self.request.META.get("CONTENT_LENGTH") or 0) if self.request else 0
        if not has_room(min(announced, settings.DEEPFAKE_MAX_UPLOAD_BYTES)):
            self.file.refuse("disk_full")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.file.take(raw_data, start)

    def file_complete(self, file_size: int) -> StagedUpload:
        self.file.complete(file_size)
        return self.file

    def upload_interrupted(self) -> None:
        if hasattr(self, "file"):
            self.file.close()
