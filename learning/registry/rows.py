"""The writes that services and reconciliation share. Each is called inside a transaction that also writes the event."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from learning.registry.errors import RegistryError
from learning.registry.folders import Folder
from learning.registry.models import ModelVersion

State = ModelVersion.State


@dataclass(frozen=True, slots=True)
class Before:
    """What has to be put back when the pointer cannot follow the rows."""

    values: dict[str, Any]

    @classmethod
    def of(cls, version: ModelVersion) -> "Before":
        """The fields that `switch` writes, as they are now."""
        names = ("state", "confirmed", "promoted_at", "retired_at", "replaced_id")
        return cls({name: getattr(version, name) for name in names})

    def put_back(self, version: ModelVersion) -> None:
        """Write them again."""
        ModelVersion.objects.filter(pk=version.pk).update(**self.values)


def add(folder: Folder, **values: Any) -> ModelVersion:
    """A new row for a version folder."""
    return ModelVersion.objects.create(
        name=folder.name,
        manifest_sha256=folder.manifest_sha256,
        own_bytes=folder.own_bytes,
        all_bytes=folder.all_bytes,
        made_at=folder.made_at,
        **values,
    )


def parent_of(folder: Folder) -> ModelVersion | None:
    """The row of the version that its manifest names as its parent."""
    return ModelVersion.objects.filter(name=folder.parent or "").first()


def locked(version: ModelVersion) -> ModelVersion:
    """The row as it is now, held until the transaction ends. Raises RegistryError `unknown_version`."""
    row = ModelVersion.objects.select_for_update().filter(pk=version.pk).first()
    if row is None:
        raise RegistryError("unknown_version", version.name)
    return row


def locked_champion(seen: str = "") -> ModelVersion | None:
    """The champion, held. Raises RegistryError `champion_changed` where it is not the one that somebody saw."""
    row = ModelVersion.objects.select_for_update().filter(state=State.CHAMPION).first()
    if seen and (row is None or row.name != seen):
        raise RegistryError("champion_changed", f"it is {row.name if row else 'none'} and not {seen}")
    return row


def switch(old: ModelVersion | None, new: ModelVersion, replaced: ModelVersion | None, confirmed: bool) -> None:
    """One goes, the other comes: first the one that goes, since the database allows one champion."""
    now = timezone.now()
    if old is not None:
        old.state, old.retired_at, old.confirmed = State.RETIRED, now, True
        old.save(update_fields=["state", "retired_at", "confirmed"])
    new.state, new.promoted_at, new.replaced, new.confirmed = State.CHAMPION, now, replaced, confirmed
    new.save(update_fields=["state", "promoted_at", "replaced", "confirmed"])
