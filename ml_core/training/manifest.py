"""What to train and measure on: a CSV manifest, or a folder with `real/` and `fake/`.

Columns: path,label,source,family,group,split. Paths are absolute or relative to the manifest's folder. Splitting is
by `group`, never by file: a fake stands with the original that it was made from.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_core.media.suffixes import MEDIA_SUFFIXES, VIDEO_SUFFIXES

SPLITS = ("train", "val", "test", "real_only")


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled file. `fake` is the truth, `group` what must never be split."""

    path: Path
    fake: bool
    source: str
    family: str
    group: str
    split: str
    name: str  # the path as the manifest has it: what reports print

    @property
    def is_clip(self) -> bool:
        """Whether its name says that it is a video."""
        return self.path.suffix.lower() in VIDEO_SUFFIXES


def read_manifests(paths: Iterable[Path]) -> list[Item]:
    """All items of several manifests or folders, in their order. Raises ValueError with the line that is wrong."""
    return [item for path in paths for item in (read_folder(path) if path.is_dir() else read_csv(path))]


def read_csv(path: Path) -> list[Item]:
    """The items of one CSV manifest. Raises ValueError for a missing column, label, split or file."""
    with path.open(newline="", encoding="utf-8") as file:
        return [_item(path, number, row) for number, row in enumerate(csv.DictReader(file), start=2)]


def _item(manifest: Path, number: int, row: dict[str, str]) -> Item:
    name, label = row.get("path", ""), row.get("label", "")
    split = row.get("split") or _split_of(row.get("group") or name)
    target = manifest.parent / name  # an absolute name stays absolute
    if label not in {"real", "fake"} or split not in SPLITS or not name:
        raise ValueError(f"{manifest}:{number}: wants path, label real|fake and split {'|'.join(SPLITS)}")
    if not target.is_file():
        raise ValueError(f"{manifest}:{number}: no such file: {target}")
    source = row.get("source") or manifest.stem
    return Item(target, label == "fake", source, row.get("family", ""), row.get("group") or name, split, name)


def read_folder(root: Path) -> list[Item]:
    """`real/` and `fake/` below `root`; files of one stem are one group, and each split gets some of both labels."""
    found = [
        (path, label == "fake")
        for label in ("real", "fake")
        for path in sorted((root / label).rglob("*"))
        if path.suffix.lower() in MEDIA_SUFFIXES
    ]
    if {fake for _, fake in found} != {True, False}:
        raise ValueError(f"{root}: wants pictures or videos in both real/ and fake/")
    splits = _split_groups(found)
    return [
        Item(path, fake, root.name, "", path.stem, splits[path.stem], path.relative_to(root).as_posix())
        for path, fake in found
    ]


def _split_groups(found: Iterable[tuple[Path, bool]]) -> dict[str, str]:
    """Groups of one kind (real, fake, a pair) in the order of a hash: a tenth each to val and test, at least one."""
    labels: dict[str, set[bool]] = {}
    for path, fake in found:
        labels.setdefault(path.stem, set()).add(fake)
    splits = {}
    for kind in ({True}, {False}, {True, False}):
        groups = sorted((group for group in labels if labels[group] == kind), key=_hash)
        tenth = max(1, len(groups) // 10)
        for place, group in enumerate(groups):
            splits[group] = "val" if place < tenth else "test" if place < 2 * tenth else "train"
    return splits


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _split_of(group: str) -> str:
    place = int(_hash(group), 16) % 10
    return {8: "val", 9: "test"}.get(place, "train")


def role(item: Item) -> str:
    """What an item may be used for."""
    return role_of(item.split, item.group)


def role_of(split: str, group: str) -> str:
    """A split is its own role; that of a real-only photograph is said by a hash of its group.

    Half of those become pseudo-fakes (train), a quarter chooses thresholds (val), a quarter is only counted (test).
    """
    if split != "real_only":
        return split
    return ("train", "train", "val", "test")[int(_hash(group), 16) % 4]


def digest(items: Sequence[Item]) -> str:
    """A hash over names, labels and splits: which data a version was trained on."""
    text = "\n".join(sorted(f"{i.source}/{i.name},{i.fake},{i.group},{i.split}" for i in items))
    return _hash(text)


def at_most(items: Sequence[Item], limit: int | None) -> list[Item]:
    """At most `limit` items of each source, split and label, chosen by a hash of their names: the same ones always."""
    if limit is None:
        return list(items)
    taken: Counter[tuple[str, str, bool]] = Counter()
    chosen = set()
    for item in sorted(items, key=lambda i: _hash(i.name)):
        key = (item.source, item.split, item.fake)
        if taken[key] < limit:
            taken[key] += 1
            chosen.add(item)
    return [item for item in items if item in chosen]
