"""What an upload may try to do to us: each trap has its name, and the room is as it was."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ml_core.config import MIB, PROJECT_ROOT
from ml_core.errors import MediaError
from ml_core.media.frames import decode
from ml_core.media.probe import probe
from ml_core.media.runner import ENVIRONMENT, Request, run
from tests.ml_core.media import samples
from tests.ml_core.media.mp4 import grey_jpeg, make_mp4
from tests.ml_core.media.refusal import refused

OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"


def test_a_playlist_cannot_open_its_neighbour(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.make_video(room / "neighbour.mp4", "mp4v", frames=3)
    evil = room / "evil.mp4"
    evil.write_text("ffconcat version 1.0\nfile neighbour.mp4\n")
    assert cv2.VideoCapture(str(evil), cv2.CAP_FFMPEG).isOpened()  # the trap is real
    monkeypatch.setenv(OPTIONS, ENVIRONMENT[OPTIONS])
    assert not cv2.VideoCapture(str(evil), cv2.CAP_FFMPEG).isOpened()  # and this alone would close it
    with refused("unsupported_type"):
        probe(evil, evil.name)
    with refused("undecodable"):  # even past the magic bytes
        decode(evil, "video", "mp4")


def test_a_video_hidden_behind_a_picture_head(room: Path) -> None:
    """The child opens what the bytes said and nothing else."""
    path = room / "a.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0" + samples.make_video(room / "b.mp4", "mp4v", frames=3).read_bytes())
    with refused("undecodable"):
        probe(path, path.name)


@pytest.mark.parametrize(("name", "width", "height"), [("a.png", 30_000, 30_000), ("b.png", 8_000, 8_000)])
def test_a_small_file_with_a_great_many_pixels(room: Path, name: str, width: int, height: int) -> None:
    path = samples.make_png_claiming(room / name, width, height)
    assert path.stat().st_size < MIB
    with refused("too_many_pixels"):
        probe(path, name)
    with refused("too_many_pixels"):
        decode(path, "image", "png")


def test_a_webp_that_claims_a_great_canvas(room: Path) -> None:
    path = samples.make_webp_claiming(room / "a.webp", 16_383, 16_383)
    with refused("too_many_pixels"):
        probe(path, path.name)


def test_a_video_with_a_great_many_pixels(room: Path) -> None:
    path = make_mp4(room / "a.mp4", [grey_jpeg(1, (8000, 6400))] * 2, [40] * 2, claimed_size=(320, 240))
    with refused("too_many_pixels"):
        probe(path, path.name)


def test_a_claimed_frame_size_is_not_believed(room: Path) -> None:
    path = make_mp4(room / "a.mp4", [grey_jpeg(1)] * 3, [40] * 3, claimed_size=(60_000, 60_000))
    info = probe(path, path.name)
    assert (info.width, info.height) == (320, 240)


def test_the_largest_still_fits_into_the_memory(room: Path) -> None:
    path = samples.make_png_claiming(room / "a.png", 7_000, 7_100)
    assert probe(path, path.name).height == 7_100
    assert max(decode(path, "image", "png")[0].image.shape) == 2048


def test_a_decoder_without_memory_says_so(room: Path) -> None:
    """OpenCV would say "no more frames", exit status 0. Between too little and enough there is no third answer."""
    path = samples.make_video(room / "a.mp4", "mp4v", frames=4, size=(4096, 2304))
    idle = _address_space_of_an_idle_decoder()
    answers = {extra: _answer(path, memory=idle + extra * MIB) for extra in (15, 60, 110)}
    assert answers[15] == "resource_limit"
    assert set(answers.values()) <= {"resource_limit", "4 frames"}, answers
    assert _answer(path, memory=1024 * MIB) == "4 frames"


def test_a_decoder_without_processor_time_says_so(room: Path) -> None:
    path = make_mp4(room / "a.mp4", [grey_jpeg(9, (4096, 4096))] * 150, [40] * 150, claimed_size=(4096, 4096))
    request = Request("frames", "video", "mp4", frames=16, cpu_seconds=1)
    with refused("resource_limit"):
        run(path, request, timeout=60, body_limit=100 * MIB)


@pytest.mark.parametrize("suffix", ["mp4", "webm", "flv", "avi"])
def test_damaged_videos_are_never_more_than_a_named_refusal(room: Path, suffix: str) -> None:
    fourcc = {"mp4": "mp4v", "webm": "VP80", "flv": "FLV1", "avi": "MJPG"}[suffix]
    path = samples.make_video(room / f"a.{suffix}", fourcc, frames=20)
    sound, chance = path.read_bytes(), np.random.default_rng(7)
    codes: set[str] = set()
    for _ in range(2):
        damaged = np.frombuffer(sound, np.uint8).copy()
        damaged[chance.integers(64, len(sound), 40)] = chance.integers(0, 256, 40)
        path.write_bytes(damaged.tobytes())
        try:
            assert 1 <= len(decode(path, "video", suffix)) <= 16
        except MediaError as error:
            codes.add(error.code)
    assert codes <= {"undecodable", "no_frames", "unsupported_codec", "too_long", "too_many_pixels"}


def test_the_room_is_as_it_was(room: Path) -> None:
    """A sound picture, a sound video and one of each sort of refusal leave nothing beside themselves."""
    files = [
        samples.make_jpeg(room / "a.jpg"),
        samples.make_video(room / "a.mp4", "mp4v", frames=5),
        samples.truncate(samples.make_jpeg(room / "b.jpg")),
        samples.make_sound_mp4(room / "b.mp4"),
    ]
    for path in files:
        try:
            info = probe(path, path.name)
            decode(path, info.kind, info.format)
        except MediaError:
            continue
    assert sorted(room.iterdir()) == sorted(files)


def test_the_parent_imports_no_decoder(room: Path) -> None:
    picture, video = samples.make_jpeg(room / "a.jpg"), samples.make_video(room / "a.mp4", "mp4v", frames=3)
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, str(picture), str(video)],
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        check=True,
    )
    assert done.stdout.split() == ["image", "video", "[]"]


LIGHT = """
import sys
from pathlib import Path
from ml_core.media.frames import decode
from ml_core.media.probe import probe
for name in sys.argv[1:]:
    info = probe(Path(name), name)
    assert decode(Path(name), info.kind, info.format)
    print(info.kind)
print(sorted({"torch", "cv2", "PIL"} & set(sys.modules)))
"""


def _answer(path: Path, memory: int) -> str:
    request = Request("frames", "video", "mp4", frames=4, memory=memory)
    try:
        return f"{len(run(path, request, timeout=60, body_limit=100 * MIB).header['frames'])} frames"
    except MediaError as error:
        return error.code


def _address_space_of_an_idle_decoder() -> int:
    """Bytes, measured: the libraries' share differs between machines."""
    code = "import ml_core.media.decode, ml_core.media.videos; print(open('/proc/self/statm').read().split()[0])"
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return int(done.stdout) * 4096
