"""Which labelled items a run trains on and which it is measured on: by person, so that nobody is on both sides."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

SHARE_HELD_OUT = 0.2
MOST_HELD_OUT = 0.35


@dataclass(frozen=True, slots=True)
class Labelled:
    """What the split looks at: content, label, whose upload it is."""

    sha256: str
    fake: bool
    person: int


@dataclass(frozen=True, slots=True)
class Split:
    """The content that is held out, and what decided: persons, or single media where one person gave nearly all."""

    held_out: frozenset[str]
    by: Literal["person", "media"]


def split(items: Sequence[Labelled]) -> Split:
    """About a fifth of each label is held out. By whole persons as long as that sets aside enough and not too much."""
    wanted, most = SHARE_HELD_OUT * len(items), MOST_HELD_OUT * len(items)
    chosen = {person for fake in (False, True) for person in _persons(items, fake)}
    aside = [item for item in items if item.person in chosen]
    if wanted / 2 <= len(aside) <= most and len({item.fake for item in aside}) == len({item.fake for item in items}):
        return Split(frozenset(item.sha256 for item in aside), "person")
    return Split(frozenset(_by_media(items)), "media")


def _persons(items: Sequence[Labelled], fake: bool) -> Iterable[int]:
    """Of those who gave mostly this label: enough for a fifth of what they gave, in the order of a hash."""
    given = Counter(item.person for item in items)
    fakes = Counter(item.person for item in items if item.fake)
    alike = [person for person in given if (2 * fakes[person] >= given[person]) == fake]
    wanted, taken = SHARE_HELD_OUT * sum(given[person] for person in alike), 0
    for person in sorted(alike, key=lambda number: _hash(f"person {number}")):
        if taken >= wanted:
            return
        if taken + given[person] <= 2 * wanted:
            taken += given[person]
            yield person


def _by_media(items: Sequence[Labelled]) -> Iterable[str]:
    """A fifth of each label, at least one where there are five."""
    for fake in (False, True):
        alike = sorted((item.sha256 for item in items if item.fake == fake), key=_hash)
        yield from alike[: round(SHARE_HELD_OUT * len(alike))]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
