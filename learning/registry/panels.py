"""What a version is asked before it is judged: the frozen sets, and what moderators decided.

A fifth of all decided content, chosen by its hash, is held out for good: it joins the frozen set `decisions`, and no
training may read it. The other decided items are open to training; a version is asked them too, since it may not
unlearn them, but what it gains there is a fit and no improvement. Known cases (gold) measure moderators and are left
out.
"""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from detection import media_store
from detection.moderation.models import ModerationCase
from detection.moderation.selectors import decided_cases
from learning.registry.models import FrozenItem, FrozenSet
from ml_core.training.manifest import Item, at_most

DECISIONS = "decisions"
OPEN = "decisions-open"
HELD_OUT_OF = 5
Role = FrozenSet.Role


@dataclass(frozen=True, slots=True)
class Panel:
    """Items with a name and a role."""

    name: str
    role: str
    items: tuple[Item, ...]
    tier: str = "as_is"

    @property
    def digest(self) -> str:
        """Changes with the items, their labels and the tier."""
        lines = sorted(f"{item.path} {item.fake} {item.source} {item.family} {item.group}" for item in self.items)
        return hashlib.sha256("\n".join([self.tier, *lines]).encode()).hexdigest()


def is_held_out(sha256: str) -> bool:
    """Whether decided content is kept from every training: by its hash, so that it never changes sides."""
    return int(sha256[:8], 16) % HELD_OUT_OF == 0


def panels(trained: Collection[str] = ()) -> list[Panel]:
    """Everything to ask. `trained`: hashes of what the version, or one before it, has learned from all the same."""
    grow_decisions()
    frozen = FrozenSet.objects.filter(active=True).exclude(role=Role.REGRESSION)
    found = [of_set(row) for row in frozen]
    held, open_ = list[Item](), list[Item]()
    for case in _labelled():
        known = is_held_out(case.media.sha256) and case.media.sha256 not in trained
        (held if known else open_).append(_item(case))
    found += [Panel(DECISIONS, "regression", tuple(held)), Panel(OPEN, "fit", tuple(open_))]
    return [panel for panel in found if panel.items]


def of_set(row: FrozenSet) -> Panel:
    """A registered set, at most `limit` items of each source and label: the same ones always."""
    folder = Path(row.manifest).parent
    items = [
        Item(folder / item.name, item.fake, item.source, item.family, item.group, row.split, item.name)
        for item in row.items.order_by("pk")
    ]
    return Panel(row.name, row.role, tuple(at_most(items, row.limit)), row.tier)


def held_out_decisions() -> set[str]:
    """Hashes of what moderators decided and no training may read, also of what has not joined its set yet."""
    return {case.media.sha256 for case in decided_cases(None) if is_held_out(case.media.sha256)}


@transaction.atomic
def grow_decisions() -> int:
    """The set `decisions` takes in what was decided since; how many. What is in it stays, also when its media goes."""
    cases = {case.media.sha256: case for case in _labelled() if is_held_out(case.media.sha256)}
    known = set(FrozenItem.objects.filter(frozen_set__name=DECISIONS).values_list("sha256", flat=True))
    new = [cases[sha256] for sha256 in sorted(set(cases) - known)]
    if new:
        values = {"role": Role.REGRESSION, "digest": ""}
        row, _ = FrozenSet.objects.get_or_create(name=DECISIONS, defaults=values)
        FrozenItem.objects.bulk_create(
            FrozenItem(frozen_set=row, sha256=case.media.sha256, name=case.media.sha256, fake=case.verdict == "fake")
            for case in new
        )
    return len(new)


def _labelled() -> Iterator[ModerationCase]:
    """The last decision on each content that says real or fake and whose bytes are still there."""
    last = {
        case.media.sha256: case for case in decided_cases(None) if not case.is_gold and case.media.purged_at is None
    }
    for case in last.values():
        if case.verdict in ("real", "fake") and _path(case).is_file():
            yield case


def _path(case: ModerationCase) -> Path:
    return media_store.root() / str(case.media.file.name)


def _item(case: ModerationCase) -> Item:
    """A group is a person: their uploads resemble each other."""
    media = case.media
    name = f"{media.pk}"
    return Item(_path(case), case.verdict == "fake", "uploads", case.kind, f"person-{media.owner_id}", "test", name)
