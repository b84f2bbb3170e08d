"""Which frames are looked at."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_core.media.sampling import Survey, spread


def survey(times: list[float]) -> Survey:
    return Survey("h264", 320 * 240, times, [0])


def test_a_steady_clip_is_sampled_in_the_middle_of_equal_parts() -> None:
    times = [index / 25 for index in range(250)]
    chosen = [times[index] for index in spread(survey(times), 16)]
    assert chosen == pytest.approx([10 * (part + 0.5) / 16 for part in range(16)], abs=0.021)


def test_a_short_clip_gives_all_its_frames() -> None:
    assert spread(survey([0.0, 0.04, 0.08]), 16) == [0, 1, 2]


def test_a_single_frame() -> None:
    found = survey([0.0])
    assert (spread(found, 16), found.duration, found.fps) == ([0], 0.0, None)


def test_time_counts_and_not_the_number_of_frames() -> None:
    """Two seconds of 100 frames per second, then eight of 5: most of the sample comes from the longer part."""
    times = [index / 100 for index in range(200)] + [2 + index / 5 for index in range(40)]
    chosen = [times[index] for index in spread(survey(times), 16)]
    assert sum(time < 2 for time in chosen) == 3
    assert chosen == pytest.approx([10 * (part + 0.5) / 16 for part in range(16)], abs=0.101)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=60, unique=True), st.integers(1, 20))
def test_always_as_many_different_frames_as_there_are(ticks: list[int], count: int) -> None:
    times = [tick / 1000 for tick in sorted(ticks)]
    chosen = spread(survey(times), count)
    assert len(chosen) == min(count, len(times))
    assert all(before < after for before, after in pairwise(chosen))
    assert 0 <= chosen[0] <= chosen[-1] < len(times)
