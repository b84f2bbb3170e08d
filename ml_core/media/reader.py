"""Walks forward through a video under OpenCV, and knows by timestamps where it stands."""

from bisect import bisect_right
from os import cpu_count

import cv2
import numpy as np

from ml_core.datatypes import Picture
from ml_core.errors import MediaError
from ml_core.media.sampling import Survey

STDIN = "/dev/stdin"
EPSILON = 0.0005  # seconds: containers round to the millisecond
LEAD_IN = 16  # frames that OpenCV decodes before the place that it was told to jump to
WORTH_A_JUMP = 48  # frames of decoding that a jump has to save
LARGE, HUGE = 4_200_000, 9_000_000  # pixels of a frame from which every further thread's buffers are too dear


class Reader:
    """`time` is that of the picture it stands at, -1 before the first one."""

    def __init__(self, found: Survey, format: str) -> None:
        self.time = -1.0
        self._found = found
        # AVI knows no presentation times: FFmpeg's guesses are off by the length of the reordering.
        self._by_count = format == "avi"
        self._index = -1
        self._jumps = True
        self._capture = _open(found.pixels)

    def go_to(self, index: int) -> bool:
        """Stands at the frame of that timestamp, or at the next one that can be decoded; False at the end."""
        self._jump_towards(index)
        while self.advance():
            if self.time >= self._found.times[index] - EPSILON:
                return True
        return False

    def advance(self) -> bool:
        """One frame on."""
        if not self._capture.grab():
            return False
        self._index += 1
        self.time = self._counted() if self._by_count else max(self.time, self._read_back())
        return True

    def picture(self) -> Picture:
        """The frame it stands at: (height, width, 3) BGR uint8, turned as its metadata says."""
        try:
            read, picture = self._capture.retrieve()
        except cv2.error as error:
            code = "resource_limit" if error.code == cv2.Error.StsNoMem else "undecodable"
            raise MediaError(code, str(error)) from error
        if not read or picture is None or picture.ndim != 3:
            raise MediaError("undecodable", "a frame cannot be converted")
        return np.asarray(picture, np.uint8)

    def _jump_towards(self, index: int) -> None:
        """To a key frame before it, if that saves work. OpenCV counts frames there by the claimed rate, so aim
        LEAD_IN frames behind a key frame that is far enough away: it then cannot run past the frame wanted."""
        times, keys, rate = self._found.times, self._found.keys, self._capture.get(cv2.CAP_PROP_FPS)
        usable = bisect_right(keys, index - LEAD_IN - 2)
        here = bisect_right(times, self.time + EPSILON) - 1
        if not self._jumps or usable == 0 or keys[usable - 1] - here < WORTH_A_JUMP or not rate > 0:
            return
        place = times[keys[usable - 1]] + (LEAD_IN + 0.5) / rate
        self._capture.set(cv2.CAP_PROP_POS_MSEC, place * 1000)
        landed = self._read_back()
        if landed < times[index] - EPSILON:
            self.time, self._index = landed, bisect_right(times, landed + EPSILON) - 1
        else:
            self._start_again()

    def _start_again(self) -> None:
        """The jump went past the frame: this file's index lies, so every frame is decoded."""
        self._capture.release()
        self._capture = _open(self._found.pixels)
        self._jumps, self.time, self._index = False, -1.0, -1

    def _read_back(self) -> float:
        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000

    def _counted(self) -> float:
        return self._found.times[min(self._index, len(self._found.times) - 1)]


def _open(pixels: float) -> cv2.VideoCapture:
    """Fewer threads for larger frames: each holds frames of its own, and the address space is limited."""
    threads = 1 if pixels > HUGE else 2 if pixels > LARGE else 4
    capture = cv2.VideoCapture(STDIN, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, min(threads, cpu_count() or 1)])
    if not capture.isOpened():
        raise MediaError("undecodable", "the decoder cannot be opened")
    return capture
