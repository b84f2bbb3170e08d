"""Sixteen frames, evenly over the real duration, by timestamps; whatever the container claims."""

from pathlib import Path

import pytest

from ml_core.config import MAX_FRAME_SIDE
from ml_core.datatypes import Frame
from ml_core.media.frames import decode
from ml_core.media.probe import probe, sniff
from tests.ml_core.media import samples
from tests.ml_core.media.mp4 import grey_jpeg, make_mp4, picture_entry
from tests.ml_core.media.refusal import refused


def frames_of(path: Path, count: int = 16) -> list[Frame]:
    kind, format = sniff(path, path.name)
    return decode(path, kind, format, frames=count)


def greys(frames: list[Frame]) -> list[float]:
    return [float(frame.image.mean()) for frame in frames]


def middles(duration: float, count: int = 16) -> list[float]:
    return [duration * (part + 0.5) / count for part in range(count)]


def times(frames: list[Frame]) -> list[float]:
    return [frame.time for frame in frames if frame.time is not None]


@pytest.mark.parametrize(
    ("name", "fourcc", "format", "codec"),
    [
        ("a.mp4", "mp4v", "mp4", "mpeg4"),
        ("a.m4v", "mp4v", "mp4", "mpeg4"),
        ("a.mov", "MJPG", "mov", "mjpeg"),
        ("a.avi", "XVID", "avi", "mpeg4"),
        ("a.avi", "MJPG", "avi", "mjpeg"),
        ("a.mkv", "VP90", "mkv", "vp9"),
        ("a.webm", "VP80", "webm", "vp8"),
        ("a.flv", "FLV1", "flv", "flv1"),
    ],
)
def test_every_container_goes_round(room: Path, name: str, fourcc: str, format: str, codec: str) -> None:
    path = samples.make_video(room / name, fourcc)
    info = probe(path, name)
    assert (info.kind, info.format, info.codec, info.width, info.height) == ("video", format, codec, 320, 240)
    assert info.duration == pytest.approx(2.0, abs=0.01)
    assert info.fps == pytest.approx(25, abs=0.1)
    frames = frames_of(path)
    assert [frame.index for frame in frames] == list(range(16))
    assert times(frames) == pytest.approx(middles(2.0), abs=0.021)
    # Frame i was painted in the grey 5·i: the pixels are those of the moment that the frame names.
    assert greys(frames) == pytest.approx([round(time * 25) * 5 for time in times(frames)], abs=4)


@pytest.mark.parametrize("ahead", [True, False])
def test_h264_the_usual_case(room: Path, ahead: bool) -> None:
    path = samples.make_h264_mp4(room / "a.mp4", ahead=ahead)
    info = probe(path, path.name)
    assert (info.codec, info.width, info.height) == ("h264", 320, 240)
    assert info.duration == pytest.approx(0.8)
    frames = frames_of(path)
    assert len(frames) == 16
    luma = [20 + 10 * round(time * 25) for time in times(frames)]
    assert greys(frames) == pytest.approx([(value - 16) * 255 / 219 for value in luma], abs=3)


def test_a_variable_frame_rate_is_sampled_by_time(room: Path) -> None:
    """50 frames in the first 2 seconds, 20 in the 20 seconds after them."""
    path = samples.make_uneven_mp4(room / "a.mp4", [40] * 50 + [1000] * 20)
    assert probe(path, path.name).duration == pytest.approx(22.0)
    frames = frames_of(path)
    assert times(frames) == pytest.approx(middles(22.0), abs=0.501)
    assert greys(frames) == pytest.approx([time * 10 for time in times(frames)], abs=3)


@pytest.mark.parametrize("claimed", [0, 1, 3_000_000, 0xFFFFFFFF])
def test_a_claimed_duration_is_not_believed(room: Path, claimed: int) -> None:
    path = samples.make_uneven_mp4(room / "a.mp4", [40] * 50, claimed_duration=claimed)
    assert probe(path, path.name).duration == pytest.approx(2.0)
    assert times(frames_of(path)) == pytest.approx(middles(2.0), abs=0.021)


def test_a_claimed_frame_count_is_not_believed(room: Path) -> None:
    """The AVI headers are made to promise four thousand million frames."""
    path = samples.make_video(room / "a.avi", "MJPG")
    content = bytearray(path.read_bytes())
    main, stream = content.index(b"avih") + 8 + 16, content.index(b"strh") + 8 + 32
    content[main : main + 4] = content[stream : stream + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert probe(path, path.name).duration == pytest.approx(2.0)
    assert len(frames_of(path)) == 16


def test_jumps_land_on_the_same_frames_as_the_long_way(room: Path) -> None:
    """1500 frames with a key frame every 12: the decoder jumps, and the pixels must be those of the time named."""
    path = samples.make_video(room / "a.mp4", "mp4v", frames=1500)
    frames = frames_of(path)
    assert times(frames) == pytest.approx(middles(60.0), abs=0.021)
    assert greys(frames) == pytest.approx([round(time * 25) * 5 % 256 for time in times(frames)], abs=6)


def test_rotation_is_applied_everywhere(room: Path) -> None:
    path = make_mp4(room / "a.mp4", [grey_jpeg(99)] * 20, [40] * 20, turned=True)
    info = probe(path, path.name)
    assert (info.width, info.height) == (240, 320)
    assert frames_of(path)[0].image.shape == (320, 240, 3)


def test_large_frames_are_scaled_down_with_their_scale(room: Path) -> None:
    path = samples.make_video(room / "a.avi", "MJPG", frames=3, size=(2560, 1440))
    assert (probe(path, path.name).width, probe(path, path.name).height) == (2560, 1440)
    frame = frames_of(path)[0]
    assert (frame.image.shape, frame.scale) == ((720, MAX_FRAME_SIDE, 3), 2.0)


def test_a_clip_shorter_than_the_sample_gives_all_it_has(room: Path) -> None:
    frames = frames_of(samples.make_video(room / "a.mp4", "mp4v", frames=5))
    assert times(frames) == pytest.approx([0.0, 0.04, 0.08, 0.12, 0.16])


def test_the_same_file_gives_the_same_pixels_twice(room: Path) -> None:
    path = samples.make_video(room / "a.mp4", "mp4v")
    first, second = frames_of(path), frames_of(path)
    assert all((one.image == two.image).all() for one, two in zip(first, second, strict=True))


def test_an_mp4_cut_before_its_table_of_contents(room: Path) -> None:
    path = samples.truncate(samples.make_h264_mp4(room / "a.mp4", ahead=False))
    with refused("undecodable"):
        probe(path, path.name)


def test_a_cut_mp4_is_judged_by_what_is_there(room: Path) -> None:
    """The contents promise 20 frames, 10 of them are in the file: they are its real duration."""
    path = samples.truncate(samples.make_h264_mp4(room / "a.mp4"))
    duration = probe(path, path.name).duration
    assert duration is not None
    assert 0.3 < duration < 0.5
    assert 8 <= len(frames_of(path)) <= 11


@pytest.mark.parametrize(("name", "make"), [("a.mp4", samples.make_sound_mp4), ("a.flv", samples.make_sound_flv)])
def test_sound_without_a_picture(room: Path, name: str, make: samples.Maker) -> None:
    path = make(room / name)
    with refused("audio_only"):
        probe(path, name)


@pytest.mark.parametrize("codec", [b"zzz1", b"ffv1", b"png "])
def test_a_codec_that_is_not_on_the_list(room: Path, codec: bytes) -> None:
    path = make_mp4(room / "a.mp4", [b"\0" * 64] * 5, [40] * 5, entry=picture_entry(codec, (320, 240)))
    with refused("unsupported_codec"):
        probe(path, path.name)


def test_a_video_whose_frames_are_rubbish(room: Path) -> None:
    path = make_mp4(room / "a.mp4", [b"\x55" * 500] * 20, [40] * 20)
    with refused("no_frames"):
        probe(path, path.name)
    with refused("no_frames"):
        frames_of(path)


def test_a_video_without_a_single_sample(room: Path) -> None:
    path = make_mp4(room / "a.mp4", [], [])
    with refused("no_frames"):
        probe(path, path.name)


def test_more_than_an_hour(room: Path) -> None:
    path = samples.make_uneven_mp4(room / "a.mp4", [40] * 20 + [3_700_000] + [40] * 3)
    with refused("too_long"):
        probe(path, path.name)
