"""The tiers: what happens to pictures and clips on their way through the world, before the detector sees them.

Applied to the whole decoded picture, ahead of face detection, as a user's file would arrive; a clip in the tier `h264`
is encoded again as a whole, a still there as a clip of one picture.
"""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import imageio_ffmpeg  # type: ignore[import-untyped]  # so shipped
import numpy as np

from ml_core.datatypes import Picture
from ml_core.errors import MediaError

H264_QUALITY = 30  # x264's crf: what messengers and social networks leave
JPEG_QUALITY = 60
SCREEN_SCALE, SCREEN_MARGIN, SCREEN_QUALITY = 0.8, 0.12, 80
BLUR = 1.5  # standard deviation in pixels

AS_IS, H264 = "as_is", "h264"


def _jpeg(picture: Picture, quality: int = JPEG_QUALITY) -> Picture:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)


def _half(picture: Picture) -> Picture:
    return _scaled(picture, 0.5)


def _scaled(picture: Picture, share: float) -> Picture:
    height, width = picture.shape[:2]
    size = max(1, round(width * share)), max(1, round(height * share))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _blur(picture: Picture) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), BLUR), np.uint8)


def _screenshot(picture: Picture) -> Picture:
    """Shown smaller on a grey page, photographed by the system and sent as a JPEG."""
    shown = _scaled(picture, SCREEN_SCALE)
    margin = round(SCREEN_MARGIN * max(shown.shape[:2]))
    page = cv2.copyMakeBorder(shown, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(245, 245, 245))
    return _jpeg(np.asarray(page, np.uint8), SCREEN_QUALITY)


PICTURES: dict[str, Callable[[Picture], Picture]] = {
    AS_IS: lambda picture: picture,
    "jpeg60": _jpeg,
    "half": _half,
    "jpeg60_half": lambda picture: _half(_jpeg(picture)),
    "blur": _blur,
    "screenshot": _screenshot,
}
TIERS = (*PICTURES, H264)


def change(picture: Picture, tier: str) -> Picture:
    """One upright RGB picture after the tier. Raises KeyError for an unknown one."""
    return h264_still(picture) if tier == H264 else PICTURES[tier](picture)


def h264_clip(path: Path, folder: Path) -> Path:
    """The clip encoded once more, as an MP4 file below `folder`. Raises MediaError `undecodable`."""
    out = folder / "again.mp4"
    _ffmpeg(["-i", str(path), "-an", "-sn", *_x264(), str(out)])
    return out


def h264_still(picture: Picture, quality: int = H264_QUALITY) -> Picture:
    """A picture as the one frame of an H.264 clip, decoded again; an odd last row or column is left out."""
    even = np.ascontiguousarray(picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2])
    height, width = even.shape[:2]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    with tempfile.TemporaryDirectory(prefix="tier-") as folder:
        clip = Path(folder) / "still.mp4"
        _ffmpeg([*raw, "-i", "-", *_x264(quality), str(clip)], even.tobytes())
        pixels = _ffmpeg(["-i", str(clip), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)


def _x264(quality: int = H264_QUALITY) -> list[str]:
    even = "scale=trunc(iw/2)*2:trunc(ih/2)*2"
    return ["-vf", even, "-c:v", "libx264", "-crf", str(quality), "-pix_fmt", "yuv420p"]


def _ffmpeg(arguments: list[str], given: bytes | None = None) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", "-threads", "1", *arguments]
    if given is not None:
        command.remove("-nostdin")
    done = subprocess.run(command, input=given, capture_output=True, check=False)  # noqa: S603  (no shell, own arguments)
    if done.returncode:
        raise MediaError("undecodable", done.stderr.decode(errors="replace")[-300:])
    return done.stdout
