"""A version folder, written whole or not at all: weights, manifest, card; then, if asked, the champion's pointer."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml_core.calibration import Calibration
from ml_core.checkpoints import write_member, write_tensors
from ml_core.config import CROP_MARGIN, FRAMES_PER_VIDEO, SECOND_LOOK
from ml_core.models.ensemble import Gate
from ml_core.models.member import Member
from ml_core.verdict import Bands
from ml_core.versions import SCHEMA_VERSION, Manifest, set_champion, write_json


@dataclass(frozen=True, slots=True)
class Release:
    """Everything that a version is made of. `arguments` are those of the members' architectures."""

    version: str
    members: Mapping[str, Member]
    gate: Gate
    calibration: Calibration
    bands: Bands
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    gate_arguments: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    parent: str | None = None


def write_release(root: Path, release: Release, promote: bool = True) -> Manifest:
    """Writes trained_models/<version>/ and returns its manifest. Raises FileExistsError if the version is there."""
    folder = root / release.version
    folder.mkdir(parents=True, exist_ok=False)
    try:
        manifest = _write(root, folder, release)
    except BaseException:
        shutil.rmtree(folder)
        raise
    if promote:
        set_champion(root, release.version)
    return manifest


def _write(root: Path, folder: Path, release: Release) -> Manifest:
    members = {
        name: write_member(root, folder, name, member, release.arguments.get(name, {}))
        for name, member in release.members.items()
    }
    gate = write_tensors(root, folder / "gate.safetensors", release.gate.state_dict())
    manifest: Manifest = {
        "schema_version": SCHEMA_VERSION,
        "version": release.version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "parent": release.parent,
        "classes": ["real", "fake"],
        "members": members,
        "gate": {"arguments": dict(release.gate_arguments), "files": [gate]},
        "calibration": {**asdict(release.calibration), "bands": asdict(release.bands)},
        "preprocessing": {"margin": CROP_MARGIN, "frames": FRAMES_PER_VIDEO, "second_look": SECOND_LOOK},
        "data": dict(release.data),
        "metrics": dict(release.metrics),
    }
    write_json(folder / "manifest.json", manifest)
    return manifest
