"""Which version of the models is in force, and what its manifest says. Light: no torch.

trained_models/manifest.json                 {"schema_version": 1, "champion": "<version>"}
trained_models/<version>/manifest.json       members, files with checksums, gate, calibration, bands
trained_models/<version>/*.safetensors       what this version changed; other files may belong to earlier versions
"""

import json
import os
from pathlib import Path
from typing import Any

from ml_core.errors import WeightsError

SCHEMA_VERSION = 1
Manifest = dict[str, Any]


def champion(root: Path) -> str:
    """The version in force. Raises WeightsError `no_champion` where the pointer is missing or broken."""
    try:
        version = json.loads((root / "manifest.json").read_text(encoding="utf-8"))["champion"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError("no_champion", f"{root / 'manifest.json'} names no champion") from error
    return str(version)


def read_manifest(root: Path, version: str) -> Manifest:
    """The manifest of a version. Raises WeightsError `no_manifest`, `bad_manifest` or `newer_schema`."""
    path = root / version / "manifest.json"
    if not path.resolve().is_relative_to(root.resolve()) or not path.is_file():
        raise WeightsError("no_manifest", f"{path} does not exist")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        schema = int(manifest["schema_version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError("bad_manifest", f"{path} is not a manifest") from error
    if schema > SCHEMA_VERSION:
        raise WeightsError("newer_schema", f"{path} was written by a newer program: update this one")
    return dict(manifest)


def write_json(path: Path, value: Any) -> None:
    """Temporary file, fsync, rename: a reader sees the old file or the new one."""
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8") as file:
        file.write(json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def set_champion(root: Path, version: str) -> None:
    """Moves the pointer to a version that is there. Raises WeightsError."""
    read_manifest(root, version)
    write_json(root / "manifest.json", {"schema_version": SCHEMA_VERSION, "champion": version})
