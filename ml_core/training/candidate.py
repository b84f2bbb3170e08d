"""A candidate on disk: only the tensors that moved, in files of its own; all others stay the parent's files.

`checkpoints.read_files` lets a later file of a member override an earlier one, so that a small version costs a few
hundred kilobytes beside its parent. What moved is kept in float32: the candidate is the policy, to the bit. Only of
deep layers the change is kept, in int8 (`ml_core.deltas`).
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from ml_core import deltas
from ml_core.checkpoints import LoadedVersion, read_files, sha256
from ml_core.training.policy import Policy
from ml_core.versions import SCHEMA_VERSION, Manifest, write_json


def write_candidate(
    root: Path, parent: LoadedVersion, policy: Policy, version: str, facts: Mapping[str, Any]
) -> Manifest:
    """Writes <root>/<version>/ whole or not at all. The name belongs to one run: what a kill left of it is replaced."""
    part = root / f".{version}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        manifest = _manifest(root, part, parent, policy, version, facts)
        write_json(part / "manifest.json", manifest)
        shutil.rmtree(root / version, ignore_errors=True)
        part.rename(root / version)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return manifest


def _manifest(
    root: Path, part: Path, parent: LoadedVersion, policy: Policy, version: str, facts: Mapping[str, Any]
) -> Manifest:
    members = json.loads(json.dumps(parent.manifest["members"]))
    for name, entry in members.items():
        moved = changed(parent.members[name].state_dict(), policy.member(name).state_dict())
        if moved:
            kept = deltas.not_covered(root, entry["files"], moved)
            own = _write(part, version, name, deltas.encode(moved, read_files(root, kept)))
            entry["files"] = [*kept, own]
    gate = _write(part, version, "gate", policy.gate.state_dict())
    return {
        **parent.manifest,
        "schema_version": SCHEMA_VERSION,
        "version": version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "parent": parent.version,
        "members": members,
        "gate": {"arguments": parent.manifest["gate"].get("arguments", {}), "files": [gate]},
        "calibration": {**asdict(policy.calibration()), "bands": asdict(parent.bands)},
        "feedback": dict(facts),
        "metrics": {},
    }


def changed(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that are not what they were."""
    return {name: value for name, value in after.items() if not torch.equal(value, before[name])}


def _write(part: Path, version: str, stem: str, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    path = part / f"{stem}.safetensors"
    save_file({name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}, path)
    path.chmod(0o644)  # safetensors writes for the owner alone; a container reads as another user
    return {"path": f"{version}/{path.name}", "sha256": sha256(path), "size": path.stat().st_size}
