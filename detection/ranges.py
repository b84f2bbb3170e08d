"""HTTP byte ranges (RFC 9110, section 14): one range, which is what players ask for."""

import re
from collections.abc import Iterator
from typing import IO

ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
CHUNK = 256 * 1024


class Unsatisfiable(Exception):
    """The range lies outside the file."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte; None where the whole file is to be sent (no, several or malformed ranges)."""
    match = ONE_RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(size - int(last), 0), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    if last and first and int(last) < int(first):
        return None
    if start > end:
        raise Unsatisfiable
    return start, end


class RangeReader:
    """The bytes from `start` up to and including `end`. Closes the file, even where nobody reads (HEAD)."""

    def __init__(self, file: IO[bytes], start: int, end: int) -> None:
        self.file = file
        self.left = end - start + 1
        file.seek(start)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self.file.read(min(CHUNK, self.left)) if self.left else b""
        if not chunk:
            self.close()
            raise StopIteration
        self.left -= len(chunk)
        return chunk

    def close(self) -> None:
        """Called by the response when it is over."""
        self.left = 0
        self.file.close()
