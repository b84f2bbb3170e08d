"""What a file says about where it comes from: Content Credentials, generators, software, camera. In the decode child.

All of it can be forged and most platforms remove it: it stands beside the verdict and never goes into it. Names of
people, serial numbers and places are left out; of a place it is only said that there is one.
"""

import re
import warnings
from collections.abc import Iterable
from typing import Any, BinaryIO

from PIL import Image

from ml_core.media.metadata import Block, blocks
from ml_core.media.stills import DAMAGED

SEARCHED = frozenset({"jpeg", "png", "webp", "mp4", "mov"})  # where Content Credentials are looked for
TEXT_LENGTH = 200
KEPT = 12  # of a list
TEXT_KEYS = {  # a generator's own keys
    "parameters": "Stable Diffusion web UI",
    "prompt": "ComfyUI",
    "workflow": "ComfyUI",
    "invokeai_metadata": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "dream": "InvokeAI",
    "generation_data": "TensorArt",
}
NAMES = (  # as they call themselves in Software, CreatorTool, comments and descriptions
    *("Stable Diffusion", "Midjourney", "DALL-E", "DALL·E", "NovelAI", "ComfyUI", "InvokeAI", "Adobe Firefly"),
    *("Google AI", "Google Imagen", "Bing Image Creator", "Leonardo.Ai", "Ideogram", "FLUX.1", "GPT-4o", "ChatGPT"),
    *("DeepFaceLab", "FaceSwap", "FaceFusion", "Roop", "SimSwap", "Deep-Live-Cam", "Reface"),
    *("RunwayML", "Synthesia", "HeyGen", "Pika Labs", "Kling AI", "OpenAI Sora"),
)
KNOWN = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in NAMES), re.IGNORECASE)
DIGITAL_SOURCE = re.compile(rb"digitalsourcetype/(\w{1,60})", re.IGNORECASE)
MADE_BY_MODEL = {
    "trainedAlgorithmicMedia": "made by a generative model",
    "compositeWithTrainedAlgorithmicMedia": "with parts made by a generative model",
    "algorithmicMedia": "made by an algorithm",
}
CREATOR_TOOL = re.compile(rb"CreatorTool(?:=[\"']|>)([^\"'<]{1,200})")
LINKED = re.compile(rb"dcterms:provenance|rel=[\"']c2pa-manifest")
SOFTWARE_KEYS = {"Software", "too", "swr", "enc", "com.apple.quicktime.software"}
MAKE_KEYS, MODEL_KEYS = {"mak", "com.apple.quicktime.make"}, {"mod", "com.apple.quicktime.model"}
PLACE_KEYS = {"xyz", "loci", "com.apple.quicktime.location.ISO6709"}
PRIVATE_KEYS = {"Author", "Artist", "Copyright", "aut", "ART", "nam"}
MAKE, MODEL, SOFTWARE, DESCRIPTION, EXIF_BLOCK, GPS_BLOCK = 0x010F, 0x0110, 0x0131, 0x010E, 0x8769, 0x8825
TAKEN, EXPOSURE, APERTURE, ISO, FOCAL, LENS, COMMENT = 0x9003, 0x829A, 0x829D, 0x8827, 0x920A, 0xA434, 0x9286

Found = dict[str, Any]


def read(file: BinaryIO, format: str) -> Found:
    """`credentials` (present, linked, none, unsearched), `generator`, `software`, `camera`, `location`.

    A damaged block is skipped, together with what comes after it: metadata never makes a file unreadable.
    """
    found: Found = {
        "credentials": "none" if format in SEARCHED else "unsearched",
        "generator": [],
        "software": [],
        "camera": {},
        "location": False,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's about damaged EXIF
        try:
            for block in blocks(file, format):
                _take(found, block, format)
        except DAMAGED:
            found["damaged"] = True
    found["generator"], found["software"] = _distinct(found["generator"]), _distinct(found["software"])
    return found


def _take(found: Found, block: Block, format: str) -> None:
    kind, body = block
    if kind == "jumbf":
        if b"c2pa" in body[:1024]:
            found["credentials"] = "present"
    elif kind == "exif":
        _take_exif(found, body)
    elif kind == "xmp":
        _take_xmp(found, body)
    else:
        _take_text(found, kind.removeprefix("text:"), body, format)


def _take_text(found: Found, key: str, body: bytes, format: str) -> None:
    """A text with a name: a PNG text chunk, a JPEG comment, a tag of a video."""
    text = _clean(body.decode("utf-8", errors="replace"))
    if key in PLACE_KEYS:
        found["location"] = True
    elif key in MAKE_KEYS or key in MODEL_KEYS:
        found["camera"]["make" if key in MAKE_KEYS else "model"] = text
    elif key in SOFTWARE_KEYS:
        found["software"].append(text)
        _name_generator(found, text, f"{key} tag")
    elif format == "png" and key.lower() in TEXT_KEYS:
        found["generator"].append({"name": TEXT_KEYS[key.lower()], "where": f"PNG text “{key}”", "says": text})
    elif key not in PRIVATE_KEYS:
        _name_generator(found, text, f"{format.upper()} text “{key}”")


def _name_generator(found: Found, text: str, where: str) -> None:
    if match := KNOWN.search(text):
        found["generator"].append({"name": match.group(), "where": where, "says": text})


def _take_xmp(found: Found, body: bytes) -> None:
    """Adobe's XML, searched for three things rather than parsed: it is somebody else's."""
    for match in DIGITAL_SOURCE.finditer(body):
        word = match[1].decode("ascii", errors="replace")
        if word in MADE_BY_MODEL:
            says = MADE_BY_MODEL[word]
            found["generator"].append({"name": f"Declared as {says}", "where": "XMP digital source type", "says": word})
    for match in CREATOR_TOOL.finditer(body):
        tool = _clean(match[1].decode("utf-8", errors="replace"))
        found["software"].append(tool)
        _name_generator(found, tool, "XMP creator tool")
    if LINKED.search(body) and found["credentials"] == "none":
        found["credentials"] = "linked"


def _take_exif(found: Found, body: bytes) -> None:
    exif = Image.Exif()
    exif.load(body)
    details = exif.get_ifd(EXIF_BLOCK)
    found["location"] = found["location"] or bool(exif.get_ifd(GPS_BLOCK))
    if software := _clean(str(exif.get(SOFTWARE, ""))):
        found["software"].append(software)
    camera = {
        "make": _clean(str(exif.get(MAKE, ""))),
        "model": _clean(str(exif.get(MODEL, ""))),
        "lens": _clean(str(details.get(LENS, ""))),
        "taken": _clean(str(details.get(TAKEN, ""))),
        "settings": _settings(details),
    }
    found["camera"].update({name: value for name, value in camera.items() if value})
    for tag, where in ((SOFTWARE, "EXIF software"), (DESCRIPTION, "EXIF description"), (MAKE, "EXIF make")):
        _name_generator(found, _clean(str(exif.get(tag, ""))), where)
    _name_generator(found, _comment(details.get(COMMENT, b"")), "EXIF comment")


def _settings(details: dict[int, Any]) -> str:
    """Exposure in the words of photographers: 1/250 s, f/2.8, ISO 100, 50 mm."""
    parts = []
    if exposure := _number(details.get(EXPOSURE)):
        parts.append(f"1/{round(1 / exposure)} s" if exposure < 0.3 else f"{exposure:g} s")
    if aperture := _number(details.get(APERTURE)):
        parts.append(f"f/{aperture:g}")
    if iso := _number(details.get(ISO)):
        parts.append(f"ISO {iso:.0f}")
    if focal := _number(details.get(FOCAL)):
        parts.append(f"{focal:g} mm")
    return ", ".join(parts)


def _number(value: Any) -> float | None:
    """A finite number above nothing; EXIF may hold 1/0 and words."""
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if 0 < number < 1e6 else None


def _comment(value: Any) -> str:
    """EXIF's comment names its code in its first eight bytes."""
    if not isinstance(value, bytes):
        return _clean(str(value))
    code, text = value[:8], value[8:]
    return _clean(text.decode("utf-16-be" if code.startswith(b"UNICODE") else "utf-8", errors="replace"))


def _clean(text: str) -> str:
    """One line without control and direction marks, cut where it gets long."""
    visible = "".join(char if char.isprintable() else " " for char in text[: 8 * TEXT_LENGTH])
    line = " ".join(visible.split())
    return line if len(line) <= TEXT_LENGTH else line[: TEXT_LENGTH - 1] + "…"


def _distinct(values: Iterable[Any]) -> list[Any]:
    kept: list[Any] = []
    for value in values:
        if value and value not in kept and len(kept) < KEPT:
            kept.append(value)
    return kept
