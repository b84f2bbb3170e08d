"""Version folders without real weights: the registry reads names, sizes and checksums, never tensors."""

import hashlib
import json
from pathlib import Path
from typing import Any

from ml_core.versions import set_champion


def make_folder(root: Path, name: str, *, created: str = "2026-11-22T10:00:00+00:00", champion: bool = False) -> Path:
    """A manifest and one weight file with its checksum."""
    folder = root / name
    folder.mkdir(parents=True)
    content = f"weights of {name}".encode()
    (folder / "gate.safetensors").write_bytes(content)
    entry = {
        "path": f"{name}/gate.safetensors",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }
    manifest: dict[str, Any] = {
        "schema_version": 1,
        "version": name,
        "created": created,
        "parent": None,
        "members": {},
        "gate": {"arguments": {}, "files": [entry]},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    if champion:
        set_champion(root, name)
    return folder
