"""Frozen sets are registered: the items of one split of a manifest, known by their content from then on."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from detection import audit
from learning.registry.errors import RegistryError
from learning.registry.models import FrozenItem, FrozenSet
from ml_core.training.manifest import Item, read_csv

Role = FrozenSet.Role
DEFAULT_SPLITS = ("val", "test", "real_only")
DEFAULT_LIMIT = 110  # of each source and label; the intervals are as wide as that allows, the frozen set is all of it
CANARY_LIMIT = 25


def register_set(
    name: str,
    manifest: Path,
    split: str,
    role: str = Role.HOLDOUT,
    *,
    tier: str = "as_is",
    limit: int | None = None,
    actor: User | None = None,
) -> FrozenSet:
    """Freezes every item of the split. The same again changes nothing; other items under the name are `set_exists`.

    Raises ValueError with the line of the manifest that is wrong.
    """
    items = [item for item in read_csv(manifest) if item.split == split]
    if not items:
        raise RegistryError("empty_set", f"{manifest} has no items of the split {split}")
    hashes = [_sha256(item.path) for item in items]
    digest = _digest(items, hashes)
    with transaction.atomic():
        if known := FrozenSet.objects.filter(name=name).first():
            if known.digest != digest:
                raise RegistryError("set_exists", name)
            return known
        row = FrozenSet.objects.create(
            name=name, role=role, manifest=str(manifest.resolve()), split=split, tier=tier, limit=limit,
            digest=digest, registered_by=actor,
        )  # fmt: skip
        FrozenItem.objects.bulk_create(_rows(row, items, hashes), batch_size=500)
        audit.record(actor, "frozen_set_registered", row, name=name, role=role, items=len(items), digest=digest)
    return row


def register_defaults(manifests: Iterable[Path], actor: User | None = None) -> list[FrozenSet]:
    """`val`, `test` and `real_only` of each manifest that is there, and of `val` a few items as canaries."""
    return [usual.register(actor) for usual in _usual_of(manifests)]


def register_missing(manifests: Iterable[Path]) -> Iterator[str]:
    """The same at every start: a set whose name is known costs no look at its files. What was done, a sentence each.

    A manifest that cannot be used is told and stops neither the others nor whoever called.
    """
    for manifest in manifests:
        try:
            for usual in _usual_of([manifest]):
                if not FrozenSet.objects.filter(name=usual.name).exists():
                    yield f"frozen set {usual.name}: {usual.register(None).items.count()} items"
        except (RegistryError, ValueError, OSError) as error:
            yield f"{manifest} was not frozen: {error}"


@dataclass(frozen=True, slots=True)
class Usual:
    """A set that is registered where nobody says otherwise."""

    name: str
    manifest: Path
    split: str
    role: str
    limit: int

    def register(self, actor: User | None) -> FrozenSet:
        """As `register_set` does."""
        return register_set(self.name, self.manifest, self.split, self.role, limit=self.limit, actor=actor)


def _usual_of(manifests: Iterable[Path]) -> Iterator[Usual]:
    for manifest in manifests:
        splits = {item.split for item in read_csv(manifest)} if manifest.is_file() else set()
        for split in [split for split in DEFAULT_SPLITS if split in splits]:
            yield Usual(f"{manifest.stem}-{split}", manifest, split, Role.HOLDOUT, DEFAULT_LIMIT)
        if "val" in splits:
            yield Usual(f"{manifest.stem}-canary", manifest, "val", Role.CANARY, CANARY_LIMIT)


def default_manifests() -> list[Path]:
    """DEEPFAKE_FROZEN, or every manifest in the folder `data`."""
    return list(settings.DEEPFAKE_FROZEN) or sorted((settings.BASE_DIR / "data").glob("*.csv"))


def _rows(row: FrozenSet, items: Sequence[Item], hashes: Sequence[str]) -> Iterable[FrozenItem]:
    for item, sha256 in zip(items, hashes, strict=True):
        yield FrozenItem(
            frozen_set=row, sha256=sha256, name=item.name, fake=item.fake, source=item.source, family=item.family,
            group=item.group,
        )  # fmt: skip


def _digest(items: Sequence[Item], hashes: Sequence[str]) -> str:
    lines = sorted(f"{item.name} {item.fake} {sha256}" for item, sha256 in zip(items, hashes, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
