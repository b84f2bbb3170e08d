"""Every bad input and every broken part has a name.

A media error is a code, a sentence that tells the person what to do, and an HTTP status. The codes are stable:
they stand in the database, in the API and in the JSON of the command line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What a code means: one sentence for the person, one HTTP status for the program."""

    sentence: str
    status: int


class CodedError(Exception):
    """A refusal. `code` is a key of `texts`; `detail` says what exactly."""

    texts: ClassVar[Mapping[str, ErrorText]]

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail

    @property
    def sentence(self) -> str:
        """What the person is told."""
        return self.texts[self.code].sentence

    @property
    def status(self) -> int:
        """The HTTP status of the refusal."""
        return self.texts[self.code].status


ERRORS: dict[str, ErrorText] = {
    "empty": ErrorText("The file is empty. Choose it again, or export it once more.", 400),
    "unsupported_type": ErrorText(
        "This kind of file is not supported. "
        "Use a JPG, PNG or WebP picture, or an MP4, AVI, MOV, MKV, FLV or WebM video.",
        415,
    ),
    "type_mismatch": ErrorText(
        "The content of this file does not match its name. Save it again in the format that its name says.", 415
    ),
    "too_large": ErrorText("The file is larger than the limit. Upload a shorter or smaller version.", 413),
    "too_small": ErrorText("The picture is too small to judge. Upload one of at least 224 × 224 pixels.", 422),
    "too_many_pixels": ErrorText("The picture has too many pixels. Scale it down to 50 megapixels or less.", 422),
    "too_long": ErrorText("The video is too long. Cut it to the part that matters.", 422),
    "undecodable": ErrorText("The file is damaged and cannot be read. Download or export it again.", 422),
    "no_frames": ErrorText("The video holds no readable picture. Export it again as an MP4 file.", 422),
    "unsupported_codec": ErrorText(
        "The video uses a codec that is not supported. Convert it to H.264 in an MP4 file.", 415
    ),
    "audio_only": ErrorText("The file holds sound but no picture. Upload a video with a picture.", 422),
    "resource_limit": ErrorText(
        "Reading the file took more memory or time than is allowed. Upload a smaller or shorter version.", 422
    ),
    "quota_exceeded": ErrorText("Your quota is used up. Delete old detections or wait, then try again.", 429),
    "disk_full": ErrorText("The server has no room for this file at present. Try again later.", 507),
    "no_file": ErrorText("No file was chosen. Choose at least one picture or video.", 400),
    "poison": ErrorText(
        "Processing this file stopped the worker three times, so it was given up. Convert the file and try again.", 422
    ),
    "inference_failed": ErrorText("The models could not be run. Nothing is wrong with your file: run it again.", 500),
    "unreadable": ErrorText("There is no such file, or it may not be read. Check its path and permissions.", 404),
    "media_missing": ErrorText("The file is no longer stored. Upload it again.", 410),
}


class MediaError(CodedError):
    """A file that cannot be taken or judged. `code` is a key of `ERRORS`."""

    texts = ERRORS


class WeightsError(Exception):
    """A version folder that must not be loaded: `code` says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class InferenceError(Exception):
    """The inference host died, hung or answered nonsense: an ordinary failed attempt."""

    code = "inference_failed"
