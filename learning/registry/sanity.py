"""Rows and version folders compared, both ways. The checksums of the weights are the business of detection.sanity."""

from collections.abc import Iterator

from learning.registry import folders, pointer
from learning.registry.models import ModelVersion
from ml_core.errors import WeightsError


def problems() -> Iterator[str]:
    """One sentence for each version whose row and folder do not agree."""
    rows = {row.name: row for row in ModelVersion.objects.order_by("name")}
    found = set(folders.names())
    for name in sorted(set(rows) - found):
        yield f"version {name}: it has a row and no folder"
    for name in sorted(found - set(rows)):
        yield f"version {name}: it has a folder and no row (manage.py register_models)"
    for name in sorted(found & set(rows)):
        yield from _compared(rows[name])
    champion = next((row.name for row in rows.values() if row.is_champion), None)
    if champion != pointer.named():
        yield f"the champion is {champion or 'nobody'} and the pointer names {pointer.named() or 'nobody'}"


def _compared(row: ModelVersion) -> Iterator[str]:
    try:
        folder = folders.read(row.name)
    except WeightsError as error:
        yield f"version {row.name}: {error}"
        return
    if folder.manifest_sha256 != row.manifest_sha256:
        yield f"version {row.name}: its manifest is not the one that was registered"
    if folder.parent and row.parent and folder.parent != row.parent.name:
        yield f"version {row.name}: its manifest names the parent {folder.parent}, its row {row.parent.name}"
