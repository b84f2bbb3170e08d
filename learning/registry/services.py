"""What can happen to a version: one function = one transaction = one audit event.

Weights are looked at before the transaction. The pointer is moved after it, under a lock that spans both, and moved
only to what the rows say; where that fails, the rows go back. A process that dies in between leaves the row
unconfirmed, and `reconcile` ends the work: at start-up, and every minute.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from detection import audit
from learning.registry import folders, pointer, rows, verification
from learning.registry.errors import RegistryError
from learning.registry.models import Evaluation, ModelVersion
from learning.registry.rows import Before
from ml_core.errors import WeightsError

State, Origin = ModelVersion.State, ModelVersion.Origin
Reasons = list[dict[str, str]]
MAY_BE_PROMOTED = (State.CANDIDATE, State.SHADOW, State.RETIRED)


def register(
    version_folder_name: str,
    origin: str = Origin.DISK,
    parent: ModelVersion | None = None,
    run_id: str = "",
    actor: User | None = None,
) -> ModelVersion:
    """The row of a version folder, a candidate. Raises WeightsError where it cannot be loaded: then there is none.

    A second call gives the same row; other content under a known name is RegistryError `name_taken`. A folder that
    `reconcile` has found before its maker came to register it gets its true origin.
    """
    folder = folders.read(version_folder_name)
    known = ModelVersion.objects.filter(name=folder.name).first()
    if known and known.manifest_sha256 != folder.manifest_sha256:
        raise RegistryError("name_taken", folder.name)
    if known and (known.origin != Origin.DISK or origin == Origin.DISK):
        return known
    verification.load_in_child(folder.name)
    values = {"origin": origin, "parent": parent or rows.parent_of(folder), "run_id": run_id}
    with transaction.atomic():
        if known is None:
            version = rows.add(folder, **values)
        else:
            version, _ = ModelVersion.objects.update_or_create(pk=known.pk, defaults=values)
        audit.record(actor, "version_registered", version, name=version.name, origin=version.origin)
    return version


def promote(version: ModelVersion, actor: User | None, *, seen: str = "", unjudged: str = "") -> ModelVersion:
    """Makes a version the champion that passed the gate against the present one.

    `seen` is the champion that the actor was shown: another one by now is `champion_changed`, so that of two who press
    at once one wins. `unjudged` is the reason for going without the gate; only the command line offers that.
    """
    _require_whole(version)
    with _mover():
        with transaction.atomic(durable=True):
            old, new = rows.locked_champion(seen), rows.locked(version)
            if new.is_champion:
                raise RegistryError("already_champion", new.name)
            if new.state not in MAY_BE_PROMOTED:
                raise RegistryError("wrong_state", f"{new.name} is {new.state}")
            if not unjudged and not _passed(new, old):
                raise RegistryError("not_judged", new.name)
            before = [(row, Before.of(row)) for row in (new, old) if row is not None]
            rows.switch(old, new, replaced=old, confirmed=False)
            audit.record(actor, "version_promoted", new, name=new.name, replaced=old and old.name, unjudged=unjudged)
        _follow(new, before)
    return new


def rollback(actor: User | None, *, seen: str = "") -> ModelVersion:
    """Makes the version champion again that the present one replaced. Its weights were judged when it came."""
    with _mover():
        with transaction.atomic(durable=True):
            old = rows.locked_champion(seen)
            if old is None:
                raise RegistryError("no_champion")
            if old.replaced is None:
                raise RegistryError("nothing_to_roll_back", old.name)
            new = rows.locked(old.replaced)
            _require_whole(new)
            before = [(new, Before.of(new)), (old, Before.of(old))]
            rows.switch(old, new, replaced=new.replaced, confirmed=False)
            audit.record(actor, "version_rolled_back", new, name=new.name, replaced=old.name)
        _follow(new, before)
    return new


@transaction.atomic
def refuse(version: ModelVersion, reasons: Reasons, actor: User | None = None) -> ModelVersion:
    """A candidate or shadow that is not to be promoted. It stays, with the reasons: [{"code", "text"}]."""
    row = rows.locked(version)
    if row.state not in (State.CANDIDATE, State.SHADOW):
        raise RegistryError("wrong_state", f"{row.name} is {row.state}")
    row.state, row.reasons = State.REFUSED, reasons
    row.save(update_fields=["state", "reasons"])
    audit.record(actor, "version_refused", row, name=row.name, reasons=reasons)
    return row


@transaction.atomic
def shadow(version: ModelVersion, actor: User | None) -> ModelVersion:
    """A candidate that is to be watched beside the champion for a while: `shadowing` asks it. One at a time."""
    row = rows.locked(version)
    if row.state != State.CANDIDATE:
        raise RegistryError("wrong_state", f"{row.name} is {row.state}")
    row.state, row.shadow_since = State.SHADOW, timezone.now()
    try:
        row.save(update_fields=["state", "shadow_since"])
    except IntegrityError as error:  # the database allows one, also where two press at once
        raise RegistryError("shadow_taken", row.name) from error
    audit.record(actor, "version_shadowed", row, name=row.name)
    return row


@transaction.atomic
def end_shadow(version: ModelVersion, actor: User | None) -> ModelVersion:
    """A candidate like others again. What it answered stays."""
    row = rows.locked(version)
    if row.state != State.SHADOW:
        raise RegistryError("wrong_state", f"{row.name} is {row.state}")
    row.state = State.CANDIDATE
    row.save(update_fields=["state"])
    audit.record(actor, "version_unshadowed", row, name=row.name)
    return row


def _require_whole(version: ModelVersion) -> None:
    """The folder is the one that was registered, and every file has its checksum."""
    try:
        folder = folders.read(version.name)
        folders.check_files(folder)
    except (WeightsError, OSError) as error:
        raise RegistryError("bad_weights", str(error)) from error
    if folder.manifest_sha256 != version.manifest_sha256:
        raise RegistryError("bad_weights", f"the manifest of {version.name} was changed after it was registered")


def _passed(version: ModelVersion, champion: ModelVersion | None) -> bool:
    """Did the last evaluation against this very champion pass?"""
    last = Evaluation.objects.filter(version=version, champion=champion).first()
    return last is not None and last.passed


@contextmanager
def _mover() -> Iterator[None]:
    """The lock of the pointer. A folder that cannot even hold a lock cannot be promoted in."""
    try:
        held = pointer.hold()
    except OSError as error:
        raise RegistryError("pointer_not_moved", str(error)) from error
    with held:
        yield


def _follow(new: ModelVersion, before: list[tuple[ModelVersion, Before]]) -> None:
    """The pointer after the rows; where it cannot be moved, the rows go back and the person is told."""
    try:
        pointer.move(new.name)
    except (OSError, WeightsError) as error:
        _undo(new, before, str(error))
        raise RegistryError("pointer_not_moved", str(error)) from error
    ModelVersion.objects.filter(pk=new.pk).update(confirmed=True)
    new.confirmed = True


@transaction.atomic
def _undo(new: ModelVersion, before: list[tuple[ModelVersion, Before]], why: str) -> None:
    """The new one first: the database allows one champion."""
    for row, values in before:
        values.put_back(row)
    audit.record(None, "version_undone", new, name=new.name, why=why)
