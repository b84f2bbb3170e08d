"""Any manifest as it stands: nothing is refused here. What cannot be judged becomes a row that says why.

A training is stricter (`ml_core.training.manifest`): it stops at a line that it does not understand.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_core.training.manifest import read_folder


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: `name` is the path as the manifest has it, `path` where the file should be."""

    path: Path
    name: str
    label: str  # real, fake, or whatever stands there: then the item is scored, but counts in no figure
    source: str = ""
    family: str = ""
    group: str = ""
    split: str = ""


def read(paths: Iterable[Path]) -> list[Entry]:
    """The entries of several CSV manifests or folders with real/ and fake/, in their order.

    Raises ValueError for a file that is no manifest, FileNotFoundError where there is none.
    """
    return [entry for path in paths for entry in (_folder(path) if path.is_dir() else _csv(path))]


def _folder(path: Path) -> list[Entry]:
    return [
        Entry(i.path, i.name, "fake" if i.fake else "real", i.source, i.family, i.group, i.split)
        for i in read_folder(path)
    ]


def _csv(manifest: Path) -> list[Entry]:
    with manifest.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        reader = csv.DictReader(file)
        try:
            if "path" not in (reader.fieldnames or ()):
                raise ValueError(f"{manifest}: has no column `path`")
            return [_entry(manifest, row) for row in reader]
        except csv.Error as error:
            raise ValueError(f"{manifest}: line {reader.line_num}: {error}") from error


def _entry(manifest: Path, row: dict[str, str | None]) -> Entry:
    """Missing columns are empty; a source without a name is the manifest, a group without one the file itself."""
    name, label, source, family, group, split = (
        (row.get(key) or "").strip() for key in ("path", "label", "source", "family", "group", "split")
    )
    label = label.lower() if label.lower() in ("real", "fake") else label
    return Entry(manifest.parent / name, name, label, source or manifest.stem, family, group or name, split)


def at_most(entries: Sequence[Entry], limit: int | None) -> list[Entry]:
    """At most `limit` entries of each source, split and label, chosen by a hash of their names: always the same."""
    if limit is None:
        return list(entries)
    taken: Counter[tuple[str, str, str]] = Counter()
    chosen = set()
    for place in sorted(range(len(entries)), key=lambda i: _hash(entries[i].name)):
        key = (entries[place].source, entries[place].split, entries[place].label)
        if taken[key] < limit:
            taken[key] += 1
            chosen.add(place)
    return [entry for place, entry in enumerate(entries) if place in chosen]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
