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


def read_range(file: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    """The bytes from `start` up to and including `end`; closes the file."""
    with file:
        file.seek(start)
        left = end - start + 1
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
