"""Every test file is made by code: pictures by Pillow, videos by OpenCV, and by hand what neither would write."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.ml_core.media.h264 import h264_entry, h264_picture
from tests.ml_core.media.mp4 import grey_jpeg, make_mp4

SIDE = 256
FPS = 25
Maker = Callable[[Path], Path]


def gradient(width: int = SIDE, height: int = SIDE) -> Image.Image:
    """Red grows to the right, green downwards."""
    across = np.linspace(0, 255, width)[None, :].repeat(height, 0)
    down = np.linspace(0, 255, height)[:, None].repeat(width, 1)
    return Image.fromarray(np.stack([across, down, np.full_like(across, 60)], 2).astype(np.uint8), "RGB")


def make_jpeg(path: Path, width: int = SIDE, height: int = SIDE, *, mode: str = "RGB", orientation: int = 1) -> Path:
    """A sound JPEG."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    gradient(width, height).convert(mode).save(path, "JPEG", quality=95, exif=exif)
    return path


def make_png16(path: Path) -> Path:
    """16 bits of grey, the value growing to the right over the whole range."""
    row = np.linspace(0, 65535, SIDE).astype(np.uint16)
    Image.fromarray(row[None, :].repeat(SIDE, 0)).save(path, "PNG")
    return path


def make_transparent_png(path: Path, *, palette: bool) -> Path:
    """Left half red, right half wholly transparent black."""
    picture = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    picture.paste((255, 0, 0, 255), (0, 0, SIDE // 2, SIDE))
    (picture.quantize(16) if palette else picture).save(path, "PNG")
    return path


def make_animation(path: Path, format: str) -> Path:
    """Three pictures: red, green, blue."""
    pictures = [Image.new("RGB", (SIDE, SIDE), colour) for colour in ("red", "lime", "blue")]
    pictures[0].save(path, format, save_all=True, append_images=pictures[1:], duration=100)
    return path


def make_png_claiming(path: Path, width: int, height: int) -> Path:
    """A black one-bit PNG of that size: 30000×30000 pixels fit into some 110 kB."""
    packer = zlib.compressobj(1)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">2I5B", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(name, body) for name, body in chunks))
    return path


def make_webp_claiming(path: Path, width: int, height: int) -> Path:
    """The header of an extended WebP that claims a canvas of that size."""
    canvas = b"\x02\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", len(canvas)) + canvas + b"ANIM" + struct.pack("<I", 6) + bytes(6)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def truncate(path: Path, share: float = 0.5) -> Path:
    """Cuts the file off."""
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def make_video(path: Path, fourcc: str, frames: int = 50, size: tuple[int, int] = (320, 240)) -> Path:
    """By OpenCV, 25 frames per second, frame i in the grey 5·i."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*fourcc), FPS, size)
    assert writer.isOpened(), f"OpenCV writes no {fourcc} into {path.suffix}"
    for index in range(frames):
        writer.write(np.full((size[1], size[0], 3), index * 5 % 256, np.uint8))
    writer.release()
    return path


def make_uneven_mp4(path: Path, durations: list[int], *, claimed_duration: int | None = None) -> Path:
    """A variable frame rate: frame i is shown for `durations[i]` ms, its grey is a hundredth of its start in ms."""
    starts = [sum(durations[:index]) for index in range(len(durations))]
    pictures = {start: grey_jpeg(min(250, start // 100)) for start in starts}
    return make_mp4(path, [pictures[start] for start in starts], durations, claimed_duration=claimed_duration)


def make_h264_mp4(path: Path, frames: int = 20, *, ahead: bool = True) -> Path:
    """H.264 in MP4, which OpenCV's build cannot write: 320×240, frame i in the luma 20 + 10·i."""
    pictures = [h264_picture(20 + 10 * index, 20, 15, index) for index in range(frames)]
    return make_mp4(path, pictures, [40] * frames, entry=h264_entry(20, 15), ahead=ahead)


def make_sound_mp4(path: Path) -> Path:
    """Ten seconds of silence."""
    return make_mp4(path, [bytes(1600)] * 100, [100] * 100, sound=True)


def make_sound_flv(path: Path) -> Path:
    """A header that announces sound alone, and one tag of it."""
    tag = b"\x08" + (3).to_bytes(3, "big") + bytes(7) + b"\x3e\0\0"
    path.write_bytes(b"FLV\x01\x04\0\0\0\x09" + bytes(4) + tag + struct.pack(">I", 14))
    return path


def make_gif_bytes() -> bytes:
    """An animated GIF."""
    buffer = io.BytesIO()
    pictures = [Image.new("P", (SIDE, SIDE), colour) for colour in (1, 2)]
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:])
    return buffer.getvalue()


def _png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
