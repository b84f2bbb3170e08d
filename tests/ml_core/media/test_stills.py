"""One loader for every still: upright, RGB, on white, whole or refused."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ml_core.config import MAX_STILL_SIDE
from ml_core.datatypes import Picture
from ml_core.media.frames import decode
from ml_core.media.probe import probe, sniff
from ml_core.media.runner import ENVIRONMENT
from tests.ml_core.media import samples
from tests.ml_core.media.refusal import refused


def picture_of(path: Path) -> Picture:
    kind, format = sniff(path, path.name)
    (frame,) = decode(path, kind, format)
    assert (frame.index, frame.time) == (0, None)
    return frame.image


def near(*colour: int) -> object:
    return pytest.approx(list(colour), abs=6)


def test_it_works(room: Path) -> None:
    path = samples.make_jpeg(room / "a.jpg", 400, 300)
    info = probe(path, "holiday.jpeg")
    assert (info.kind, info.format, info.width, info.height) == ("image", "jpeg", 400, 300)
    assert (info.size, len(info.sha256), info.animated) == (path.stat().st_size, 64, False)
    assert (info.duration, info.fps, info.codec) == (None, None, None)
    assert np.abs(picture_of(path).astype(int) - np.asarray(samples.gradient(400, 300))).mean() < 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(room: Path, orientation: int) -> None:
    """Stored 400×300 with its dark corner top left; the tag says where that corner belongs."""
    path = samples.make_jpeg(room / "a.jpg", 400, 300, orientation=orientation)
    width, height = (400, 300) if orientation < 5 else (300, 400)
    image = picture_of(path)
    assert image.shape == (height, width, 3)
    corners = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}
    assert image[corners[orientation]].tolist() == near(0, 0, 60)
    if orientation in (1, 6):
        info = probe(path, path.name)
        assert (info.width, info.height) == (width, height)


def test_sixteen_bits_are_scaled_and_not_clipped(room: Path) -> None:
    image = picture_of(samples.make_png16(room / "a.png"))
    assert np.abs(image[0, :, 0].astype(float) - np.linspace(0, 255, samples.SIDE)).max() <= 1


def test_cmyk_keeps_its_colours(room: Path) -> None:
    image = picture_of(samples.make_jpeg(room / "a.jpg", mode="CMYK"))
    assert np.abs(image.astype(int) - np.asarray(samples.gradient())).mean() < 3


def test_grey_becomes_rgb(room: Path) -> None:
    image = picture_of(samples.make_jpeg(room / "a.jpg", mode="L"))
    assert image.shape == (samples.SIDE, samples.SIDE, 3)


@pytest.mark.parametrize("palette", [False, True])
def test_transparency_lies_on_white(room: Path, palette: bool) -> None:
    image = picture_of(samples.make_transparent_png(room / "a.png", palette=palette))
    assert image[128, 10].tolist() == near(255, 0, 0)
    assert image[128, -10].tolist() == [255, 255, 255]


@pytest.mark.parametrize("format", ["png", "webp"])
def test_an_animation_shows_its_first_picture_and_says_so(room: Path, format: str) -> None:
    path = samples.make_animation(room / f"a.{format}", format.upper())
    assert probe(path, path.name).animated
    assert picture_of(path)[128, 128].tolist() == near(255, 0, 0)


def test_a_large_still_is_scaled_down_with_its_scale(room: Path) -> None:
    path = samples.make_jpeg(room / "a.jpg", 3000, 1500)
    (frame,) = decode(path, "image", "jpeg")
    assert frame.image.shape == (1024, MAX_STILL_SIDE, 3)
    assert frame.scale == pytest.approx(3000 / MAX_STILL_SIDE)
    assert (probe(path, path.name).width, probe(path, path.name).height) == (3000, 1500)


@pytest.mark.parametrize(("width", "height", "fits"), [(224, 224, True), (223, 400, False), (400, 223, False)])
def test_the_smaller_side_decides(room: Path, width: int, height: int, fits: bool) -> None:
    path = samples.make_jpeg(room / "a.jpg", width, height)
    if fits:
        assert probe(path, path.name).width == width
        return
    with refused("too_small"):
        probe(path, path.name)
    with refused("too_small"):
        decode(path, "image", "jpeg")


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("share", [0.3, 0.95])
def test_a_truncated_still_is_undecodable(room: Path, format: str, share: float) -> None:
    path = room / f"a.{format}"
    samples.gradient().save(path, format.upper(), **({"lossless": True} if format == "webp" else {}))
    samples.truncate(path, share)
    with refused("undecodable"):
        probe(path, path.name)


def test_damaged_bytes_are_never_more_than_a_named_refusal(room: Path) -> None:
    """Three hundred files with flipped bytes, in one process to save time."""
    for format in ("jpeg", "png", "webp"):
        samples.make_jpeg(room / "a.jpg", orientation=6)
        samples.gradient().save(room / f"sound.{format}", format.upper(), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
    done = subprocess.run(
        [sys.executable, "-c", FLIPS, str(room)], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "300 tried"), done.stderr[-2000:]


FLIPS = """
import io, pathlib, random, sys
from ml_core.errors import MediaError
from ml_core.media import stills
chance, tried = random.Random(7), 0
for path in sorted(pathlib.Path(sys.argv[1]).glob("sound.*")):
    sound = path.read_bytes()
    for _ in range(100):
        damaged = bytearray(sound)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(min(len(damaged), 2000))] = chance.randrange(256)
        tried += 1
        for look in (stills.check, stills.render):
            try:
                look(io.BytesIO(bytes(damaged)), path.suffix[1:])
            except MediaError:
                pass
print(tried, "tried")
"""
