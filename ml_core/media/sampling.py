"""Which frames of a video are looked at. Only real timestamps count, never a claimed count, rate or duration."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Survey:
    """The timestamps of every picture in the file, read without decoding one."""

    codec: str
    pixels: float  # of a frame, as the container claims
    times: Sequence[float]  # seconds, ascending, all different, at least one
    keys: Sequence[int]  # indices of `times` at which decoding can start

    @property
    def end(self) -> float:
        """When the last picture stops being shown: it is held as long as the one before it."""
        return self.times[-1] + (self.times[-1] - self.times[-2] if len(self.times) > 1 else 0.0)

    @property
    def duration(self) -> float:
        """Seconds from the first picture to the end of the last one."""
        return self.end - self.times[0]

    @property
    def fps(self) -> float | None:
        """Pictures per second on average."""
        return len(self.times) / self.duration if self.duration > 0 else None


def spread(survey: Survey, count: int) -> list[int]:
    """Indices of `count` different frames, nearest to the middles of `count` equal parts of the duration.

    A video with fewer frames gives all that it has.
    """
    times, total = survey.times, len(survey.times)
    chosen: list[int] = []
    for part in range(min(count, total)):
        wanted = times[0] + survey.duration * (part + 0.5) / count
        lowest = chosen[-1] + 1 if chosen else 0
        highest = total - (min(count, total) - part)
        chosen.append(min(max(_nearest(times, wanted), lowest), highest))
    return chosen


def _nearest(times: Sequence[float], wanted: float) -> int:
    """The index whose time is closest; of two equally close the earlier."""
    after = bisect_left(times, wanted)
    if after == 0:
        return 0
    if after == len(times):
        return len(times) - 1
    return after if times[after] - wanted < wanted - times[after - 1] else after - 1
