"""Rows and folders brought together: at start-up, every minute, and by `manage.py register_models`.

* A version folder without a row gets one, if its files have their checksums: a candidate, or retired where it is older
  than the version in force.
* A champion whose pointer was never confirmed: its promotion was cut off after the rows. The pointer is moved.
* A confirmed champion that the pointer does not name: the pointer was moved on disk (a training that promotes, an
  update of the program). The row follows, with an audit event.
"""

from collections.abc import Iterator

from django.db import transaction

from detection import audit
from learning.registry import folders, pointer, rows
from learning.registry.models import ModelVersion
from ml_core.errors import WeightsError

State = ModelVersion.State


def reconcile() -> list[str]:
    """What was done, and what could not be done, one sentence each. Nothing to do is the ordinary case."""
    said = list(_discover())
    if not _settled():
        try:
            with pointer.hold():
                said += _settle()
        except (OSError, WeightsError) as error:
            said.append(f"the pointer could not be moved: {error}")
    return said


def _discover() -> Iterator[str]:
    known = set(ModelVersion.objects.values_list("name", flat=True))
    for name in sorted(set(folders.names()) - known, key=_made):
        try:
            folder = folders.read(name)
            folders.check_files(folder)
        except (WeightsError, OSError) as error:
            yield f"version {name} was not registered: {error}"
            continue
        yield _register(folder)


@transaction.atomic
def _register(folder: folders.Folder) -> str:
    named = pointer.named()
    old = named is not None and named != folder.name and _made(folder.name) <= _made(named)
    version = rows.add(folder, state=State.RETIRED if old else State.CANDIDATE, parent=rows.parent_of(folder))
    audit.record(None, "version_registered", version, name=version.name, origin=version.origin)
    return f"version {folder.name} was registered"


def _made(name: str) -> tuple[str, str]:
    """Parents come before their children."""
    try:
        return str(folders.read(name).manifest.get("created", "")), name
    except WeightsError:
        return "", name


def _settled() -> bool:
    """Do row and pointer say the same?"""
    row = ModelVersion.objects.filter(state=State.CHAMPION).first()
    return pointer.named() == (row.name if row else None) and (row is None or row.confirmed)


def _settle() -> Iterator[str]:
    row = ModelVersion.objects.filter(state=State.CHAMPION).first()
    named = pointer.named()
    if row is not None and (not row.confirmed or named is None):
        pointer.move(row.name)
        ModelVersion.objects.filter(pk=row.pk).update(confirmed=True)
        yield f"the pointer names {row.name}: its promotion had been cut off, or the pointer was gone"
    elif named is not None and (row is None or row.name != named):
        yield _adopt(row, named)


@transaction.atomic
def _adopt(old: ModelVersion | None, named: str) -> str:
    new = ModelVersion.objects.select_for_update().filter(name=named).first()
    if new is None:
        return f"the pointer names {named}, which cannot be registered"
    rows.switch(old, new, replaced=old or new.replaced or new.parent, confirmed=True)
    audit.record(None, "version_adopted", new, name=named, replaced=old and old.name)
    return f"{named} is the champion: the pointer names it"
