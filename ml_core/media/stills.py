"""Stills by Pillow, in the decode child: one loader for everything, so that all see the same upright picture."""

import struct
import warnings
import zlib
from typing import Any, BinaryIO

from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from ml_core.config import MAX_IMAGE_PIXELS, MAX_STILL_SIDE, MIN_SIDE
from ml_core.errors import MediaError

# Importing them registers them; Pillow would otherwise import every plugin that it has to find WebP.
PLUGINS = (JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow's plugins raise on crafted files, measured and read from their code.
DAMAGED = (OSError, SyntaxError, ValueError, TypeError, ArithmeticError, LookupError, struct.error, zlib.error)

Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


def check(file: BinaryIO, format: str) -> dict[str, Any]:
    """Decodes every byte and keeps no pixel. `verify()` would pass a truncated JPEG."""
    image = _open(file, format)
    width, height = image.size
    animated = format != "jpeg" and bool(getattr(image, "is_animated", False))
    image.draft("RGB", (MIN_SIDE, MIN_SIDE))  # JPEG: reads the whole stream, transforms an eighth of it
    _load(image)
    if _orientation(image) >= 5:
        width, height = height, width
    return {"width": width, "height": height, "animated": animated}


def render(file: BinaryIO, format: str, smallest: int = MIN_SIDE) -> tuple[dict[str, Any], bytes]:
    """The upright picture on white, no longer than MAX_STILL_SIDE, as RGB bytes; `smallest` side that is taken."""
    image = _open(file, format, smallest)
    _load(image)
    orientation = _orientation(image)
    picture = _on_white(image)
    scale = max(1.0, max(picture.size) / MAX_STILL_SIDE)
    if scale > 1:
        width, height = (max(1, round(side / scale)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    picture = _turned(picture, orientation)
    row = {"width": picture.width, "height": picture.height, "time": None, "scale": scale}
    return row, picture.tobytes()


def _open(file: BinaryIO, format: str, smallest: int = MIN_SIDE) -> Image.Image:
    """Header only. The size is judged before a pixel is decoded."""
    if format == "webp":
        _judge_webp_canvas(file)
    try:
        image = Image.open(file, formats=(format.upper(),))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise MediaError("too_many_pixels", str(error)) from error
    except DAMAGED as error:
        raise MediaError("undecodable", str(error)) from error
    if min(image.size) < smallest:
        raise MediaError("too_small", f"{image.width} × {image.height}")
    return image


def _judge_webp_canvas(file: BinaryIO) -> None:
    """Pillow's WebP plugin reserves the whole canvas before anybody asks how large it is."""
    head = file.read(30)
    file.seek(0)
    if head[12:16] != b"VP8X" or len(head) < 30:
        return
    width = int.from_bytes(head[24:27], "little") + 1
    height = int.from_bytes(head[27:30], "little") + 1
    if width * height > MAX_IMAGE_PIXELS:
        raise MediaError("too_many_pixels", f"{width} × {height}")


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except DAMAGED as error:
        raise MediaError("undecodable", str(error)) from error


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 where there is none or the block is damaged."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except DAMAGED:
        return 1
    return value if isinstance(value, int) and value in UPRIGHT else 1


def _turned(picture: Image.Image, orientation: int) -> Image.Image:
    return picture.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else picture


def _on_white(image: Image.Image) -> Image.Image:
    """RGB: 16 bits scaled (`convert` would saturate to white), transparency laid on a white ground."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGB", image.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    return image.convert("RGB")
