"""What files say about themselves is read, whatever they try."""

import io
import random
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from ml_core.media import provenance
from ml_core.media.metadata import C2PA_BOX, XMP_HEAD
from ml_core.media.probe import probe
from tests.ml_core.media.samples import gradient

JUMBF = (
    struct.pack(">I", 40) + b"jumb" + struct.pack(">I", 32) + b"jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\3c2pa\0"
)
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description xmp:CreatorTool="Adobe Firefly 3"
Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/></x:xmpmeta>"""


def saved(format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    gradient().save(stream, format, **options)
    return stream.getvalue()


def read(content: bytes, format: str) -> provenance.Found:
    return provenance.read(io.BytesIO(content), format)


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def with_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return png[:33] + chunk + png[33:]


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def camera_exif(**more: object) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "Canon", "EOS R5", "Adobe Photoshop 25.0"
    exif[0x013B], exif[0x8298] = "Jane Photographer", "(c) Jane"
    details = exif.get_ifd(0x8769)
    details[0x829A], details[0x829D], details[0x8827], details[0x9003] = 0.004, 2.8, 100, "2026:01:02 03:04:05"
    details[0xA430], details[0xA431] = "Jane Photographer", "serial-4711"
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (52.0, 31.0, 12.0)
    return exif


def test_a_plain_file_says_nothing() -> None:
    expected = {"credentials": "none", "generator": [], "software": [], "camera": {}, "location": False}
    assert [read(saved(format), format.lower()) for format in ("JPEG", "PNG", "WEBP")] == [expected] * 3


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_camera_and_software(format: str) -> None:
    found = read(saved(format, exif=camera_exif()), format.lower())
    assert found["camera"] == {
        "make": "Canon",
        "model": "EOS R5",
        "taken": "2026:01:02 03:04:05",
        "settings": "1/250 s, f/2.8, ISO 100",
    }
    assert found["software"] == ["Adobe Photoshop 25.0"]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_neither_places_nor_people_nor_serial_numbers(format: str) -> None:
    found = read(saved(format, exif=camera_exif()), format.lower())
    assert found["location"] is True
    for secret in ("52", "31", "Jane", "4711"):
        assert secret not in str({key: value for key, value in found.items() if key != "camera"})
        assert secret not in str(found["camera"])


@pytest.mark.parametrize(
    ("key", "text", "name"),
    [
        ("parameters", "a portrait\nSteps: 20, Sampler: Euler a", "Stable Diffusion web UI"),
        ("prompt", '{"3": {"class_type": "KSampler"}}', "ComfyUI"),
        ("sd-metadata", "{}", "InvokeAI"),
        ("Software", "NovelAI", "NovelAI"),
        ("Comment", "a face by Midjourney v6", "Midjourney"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_generators_in_png_text(key: str, text: str, name: str, packed: bool) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text(key, text, zip=packed)
    assert [made["name"] for made in read(saved("PNG", pnginfo=info), "png")["generator"]] == [name]


def test_international_png_text() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("parameters", "ein Porträt", "de", "Parameter", zip=True)
    assert read(saved("PNG", pnginfo=info), "png")["generator"][0]["says"] == "ein Porträt"


def test_generators_in_exif_and_comments() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + "Steps: 20, Stable Diffusion XL".encode("utf-16-be")
    found = read(saved("JPEG", exif=exif, comment=b"made with DALL-E 3"), "jpeg")
    assert {made["name"] for made in found["generator"]} == {"Stable Diffusion", "DALL-E"}


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
def test_the_declared_source_in_xmp(format: str) -> None:
    content = {
        "jpeg": lambda: with_segment(saved("JPEG"), 0xE1, XMP_HEAD + XMP),
        "png": lambda: with_chunk(saved("PNG"), b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
        "webp": lambda: saved("WEBP", xmp=XMP),
    }[format]()
    found = read(content, format)
    assert {made["name"] for made in found["generator"]} == {
        "Declared as made by a generative model",
        "Adobe Firefly",
    }
    assert found["software"] == ["Adobe Firefly 3"]


@pytest.mark.parametrize("text", ["a walk on the runway", "una imagen de mi hija", "my fluxcapacitor", "Photoshop"])
def test_other_words_name_no_generator(text: str) -> None:
    assert read(saved("JPEG", comment=text.encode()), "jpeg")["generator"] == []


CREDENTIALS = {
    "jpeg": lambda: with_segment(saved("JPEG"), 0xEB, b"JP\0\1\0\0\0\1" + JUMBF),
    "png": lambda: with_chunk(saved("PNG"), b"caBX", JUMBF),
    "webp": lambda: saved("WEBP") + b"C2PA" + struct.pack("<I", len(JUMBF)) + JUMBF,
    "mp4": lambda: box(b"ftyp", b"isom" + bytes(4)) + box(b"uuid", C2PA_BOX + b"\0\0\0\0manifest\0" + bytes(8) + JUMBF),
}


@pytest.mark.parametrize("format", CREDENTIALS)
def test_content_credentials_are_present(format: str) -> None:
    assert read(CREDENTIALS[format](), format)["credentials"] == "present"


def test_the_word_alone_is_no_credential() -> None:
    assert read(saved("JPEG", comment=b"jumb jumd c2pa"), "jpeg")["credentials"] == "none"


def test_credentials_elsewhere_are_a_link() -> None:
    xmp = b'<rdf:Description dcterms:provenance="https://example.org/manifest.c2pa"/>'
    assert read(with_segment(saved("JPEG"), 0xE1, XMP_HEAD + xmp), "jpeg")["credentials"] == "linked"


def test_videos() -> None:
    tags = box(b"\xa9too", struct.pack(">2H", 12, 0) + b"Lavf61.7.100") + box(
        b"\xa9xyz", b"\0\x12\0\0+52.5200+013.405/"
    )
    found = read(box(b"ftyp", b"qt  " + bytes(4)) + box(b"moov", box(b"udta", tags)), "mov")
    assert (found["software"], found["location"]) == (["Lavf61.7.100"], True)
    assert "52" not in str(found)


def test_tags_of_a_phones_video() -> None:
    names = [b"com.apple.quicktime.make", b"com.apple.quicktime.model", b"com.apple.quicktime.location.ISO6709"]
    values = [b"Apple", b"iPhone 15", b"+52.5200+013.4050/"]
    keys = box(b"keys", bytes(4) + struct.pack(">I", 3) + b"".join(box(b"mdta", name) for name in names))
    items = (struct.pack(">I", number) for number in (1, 2, 3))
    data = [box(b"data", struct.pack(">2I", 1, 0) + value) for value in values]
    listed = b"".join(box(item, value) for item, value in zip(items, data, strict=True))
    found = read(
        box(b"moov", box(b"meta", box(b"hdlr", bytes(8) + b"mdta" + bytes(12)) + keys + box(b"ilst", listed))), "mov"
    )
    assert found["camera"] == {"make": "Apple", "model": "iPhone 15"}
    assert found["location"] is True
    assert "52" not in str(found)


def test_other_formats_are_not_searched() -> None:
    assert read(b"RIFF", "avi")["credentials"] == "unsearched"


def test_long_texts_are_cut_and_made_one_line() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a\n\u202eb\0" + "x" * 5000)
    says = read(saved("PNG", pnginfo=info), "png")["generator"][0]["says"]
    assert len(says) == 200
    assert says.isprintable()


def test_a_packed_bomb_is_cut() -> None:
    bomb = zlib.compress(b"parameters " * 5_000_000)
    found = read(with_chunk(saved("PNG"), b"zTXt", b"parameters\0\0" + bomb), "png")
    assert len(found["generator"][0]["says"]) == 200


BROKEN = {
    "jpeg": with_segment(saved("JPEG", exif=camera_exif()), 0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"),
    "png": with_chunk(saved("PNG"), b"zTXt", b"parameters\0\0no zlib at all"),
    "webp": saved("WEBP")[:-5] + b"EXIF\xff\xff\xff\xff",
    "mp4": box(b"moov", struct.pack(">I", 4000) + b"udta"),
}


@pytest.mark.parametrize("format", BROKEN)
def test_damage_is_no_error(format: str) -> None:
    """Cut anywhere, with any few bytes changed."""
    whole, rng = BROKEN[format], random.Random(format)
    for _ in range(60):
        content = bytearray(whole[: rng.randint(0, len(whole))])
        for at in rng.choices(range(len(content)), k=rng.randint(0, 8)) if content else ():
            content[at] = rng.randint(0, 255)
        assert "credentials" in read(bytes(content), format)


def test_the_probe_brings_it_along(tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(CREDENTIALS["jpeg"]())
    assert probe(path, path.name).provenance["credentials"] == "present"
