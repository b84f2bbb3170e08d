"""A version in one file, to be carried to another installation: a zip without compression, and what it must look like.

export.json      {"format": 1, "version", "made_from", "files": [{"path", "sha256", "size"}]}
signature        HMAC-SHA256 of export.json under DEEPFAKE_EXPORT_KEY, in hexadecimal; missing where no key is set
<version>/…      manifest.json, card.json and every weight file, those of other versions at their own places
"""

import hashlib
import hmac
import re
from typing import Any

from django.conf import settings

from ml_core.errors import ErrorText

FORMAT = 1
INDEX, SIGNATURE = "export.json", "signature"
MOST_FILES = 64
MOST_BYTES = 2 * 1024**3  # of one file
MOST_IN_ALL = 4 * 1024**3
MOST_INDEX = 1024**2
PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}/[A-Za-z0-9][A-Za-z0-9._-]{0,63}\.(safetensors|json)")

ERRORS: dict[str, ErrorText] = {
    "not_an_archive": ErrorText("This is no exported model version, or it is damaged. Export it again.", 422),
    "unsigned": ErrorText(
        "Nobody signed the archive. Set DEEPFAKE_EXPORT_KEY on both sides, or trust it by hand.", 422
    ),
    "bad_signature": ErrorText("The signature is wrong: the archive was changed, or the keys differ.", 422),
    "newer_format": ErrorText("The archive was written by a newer program. Update this one.", 422),
    "unsafe_path": ErrorText("The archive wants to write where no model version belongs. Do not use it.", 422),
    "unexpected_files": ErrorText("The archive does not hold exactly the files that it lists. Export it again.", 422),
    "too_large": ErrorText("The archive holds more, or larger, files than a model version may have.", 413),
    "checksum": ErrorText("A file of the archive is not what it should be. Copy it again.", 422),
    "name_taken": ErrorText("A version of this name is here already. Nothing was changed.", 409),
    "conflict": ErrorText("A file that it shares with another version is different here. Nothing was changed.", 409),
}


class ArchiveError(Exception):
    """An archive that is not taken. `code` is a key of `ERRORS`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail

    @property
    def sentence(self) -> str:
        """What the person is told."""
        return ERRORS[self.code].sentence


def sign(index: bytes) -> str:
    """Nothing where no key is set."""
    key = str(settings.DEEPFAKE_EXPORT_KEY)
    return hmac.new(key.encode(), index, hashlib.sha256).hexdigest() if key else ""


def check_signature(index: bytes, signature: str | None, trusted: bool) -> None:
    """Raises ArchiveError `unsigned` or `bad_signature`. `trusted` is a person's word for an archive without one."""
    expected = sign(index)
    if not signature or not expected:
        if not trusted:
            raise ArchiveError("unsigned")
    elif not hmac.compare_digest(expected, signature.strip()):
        raise ArchiveError("bad_signature")


def check_index(index: Any) -> None:
    """Raises ArchiveError where the list of files is not one that an export writes."""
    try:
        format, version, files = int(index["format"]), str(index["version"]), list(index["files"])
        sizes = [int(file["size"]) for file in files]
        paths = [str(file["path"]) for file in files]
        complete = all(re.fullmatch(r"[0-9a-f]{64}", file["sha256"]) for file in files)
    except (KeyError, TypeError, ValueError) as error:
        raise ArchiveError("not_an_archive", "its list of files cannot be read") from error
    if format > FORMAT:
        raise ArchiveError("newer_format")
    if not all(PATH.fullmatch(path) for path in paths):
        raise ArchiveError("unsafe_path")
    if not complete or len(set(paths)) != len(paths) or f"{version}/manifest.json" not in paths:
        raise ArchiveError("not_an_archive", "its list of files is not that of a version")
    if len(files) > MOST_FILES or min(sizes) < 0 or max(sizes) > MOST_BYTES or sum(sizes) > MOST_IN_ALL:
        raise ArchiveError("too_large")
