"""`with refused("empty"):` — a MediaError of that code, and no other."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ml_core.errors import MediaError


@contextmanager
def refused(code: str) -> Iterator[None]:
    """The block must be refused by this name."""
    with pytest.raises(MediaError) as refusal:
        yield
    assert refusal.value.code == code, refusal.value
