"""Weights on disk: safetensors with sha256, float16, or int8 per output channel; float32 again when loaded.

A version's manifest names every file that it needs, its own and those of earlier versions that it did not change. A
later file overrides an earlier one tensor by tensor; a tensor called `name.delta` is added to it (`ml_core.deltas`).
Nothing is loaded whose checksum, names or shapes are not what the manifest and the architecture say.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ml_core.calibration import Calibration
from ml_core.datatypes import MEMBERS
from ml_core.errors import WeightsError
from ml_core.models.ensemble import Gate
from ml_core.models.member import Member
from ml_core.models.registry import SPECS, build, count_parameters
from ml_core.transforms import Preprocessing
from ml_core.verdict import Bands
from ml_core.versions import Manifest, champion, read_manifest

INT8, SCALE, DELTA = ".int8", ".scale", ".delta"


@dataclass(frozen=True, slots=True)
class LoadedVersion:
    """A version ready to be asked: members and gate in eval mode, float32."""

    version: str
    manifest: Manifest
    members: dict[str, Member]
    gate: Gate
    calibration: Calibration
    bands: Bands

    def preprocessing(self, name: str) -> Preprocessing:
        """What a member wants to be fed."""
        return SPECS[name].preprocessing

    def fingerprint(self, name: str) -> str:
        """A hash over the member's weight files: equal weights, equal fingerprint."""
        files = self.manifest["members"][name]["files"]
        return hashlib.sha256(" ".join(file["sha256"] for file in files).encode()).hexdigest()


def quantise(weight: Tensor) -> tuple[Tensor, Tensor]:
    """(outputs, inputs) float → int8 (outputs, inputs) and float32 scale (outputs,), symmetric per output channel."""
    scale = weight.abs().amax(dim=1).clamp(min=1e-12) / 127
    return (weight / scale[:, None]).round().clamp(-127, 127).to(torch.int8), scale.float()


def pack(state: Mapping[str, Tensor], int8: bool = False) -> dict[str, Tensor]:
    """float16 for what is floating; with `int8` the large matrices become `name.int8` and `name.scale`."""
    packed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        value = tensor.detach().cpu()
        if int8 and value.ndim == 2 and value.numel() >= 65_536:
            packed[name + INT8], packed[name + SCALE] = quantise(value.float())
        else:
            packed[name] = value.half() if value.is_floating_point() else value
    return {name: tensor.contiguous() for name, tensor in packed.items()}


def unpack(packed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What `pack` made, in float32 again. Raises WeightsError `not_finite`."""
    state: dict[str, Tensor] = {}
    for name, tensor in packed.items():
        if name.endswith(INT8):
            stem = name.removesuffix(INT8)
            state[stem] = tensor.float() * packed[stem + SCALE][:, None]
        elif not (name.endswith(SCALE) and name.removesuffix(SCALE) + INT8 in packed):
            state[name] = tensor.float() if tensor.is_floating_point() else tensor
    for name, tensor in state.items():
        if not bool(torch.isfinite(tensor).all()):
            raise WeightsError("not_finite", f"{name} holds numbers that are not finite")
    return state


def sha256(path: Path) -> str:
    """The checksum of a file, as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_tensors(root: Path, path: Path, state: Mapping[str, Tensor], int8: bool = False) -> dict[str, Any]:
    """Writes one weight file (temporary file, then rename); returns its entry for the manifest.

    Where another version has the very same file, that one is named and nothing is written.
    """
    part = path.with_suffix(".part")
    save_file(pack(state, int8), part)
    checksum, size = sha256(part), part.stat().st_size
    twins = (twin for twin in sorted(root.glob(f"*/{path.name}")) if twin.stat().st_size == size)
    twin = next((twin for twin in twins if sha256(twin) == checksum), None)
    if twin is None:
        part.chmod(0o644)  # safetensors writes for the owner alone; a container reads as another user
        part.replace(path)
    else:
        part.unlink()
    return {"path": (twin or path).relative_to(root).as_posix(), "sha256": checksum, "size": size}


def write_member(root: Path, folder: Path, name: str, member: Member, arguments: Mapping[str, Any]) -> Manifest:
    """Writes a member's weights below `folder`; returns its part of the manifest.

    The ViT goes to two files, the frozen base and the adapted part: later versions share the first.
    """
    state = member.state_dict()
    frozen = {key for key, value in member.named_parameters() if not value.requires_grad}
    parts = {name: state} if name != "vit" else {"vit_base": _only(state, frozen), "vit": _without(state, frozen)}
    files = [
        write_tensors(root, folder / f"{stem}.safetensors", part, int8=name == "vit") for stem, part in parts.items()
    ]
    spec = SPECS[name]
    return {
        "architecture": spec.architecture,
        "arguments": dict(arguments),
        "parameters": count_parameters(member),
        "preprocessing": asdict(spec.preprocessing),
        "files": files,
    }


def _only(state: Mapping[str, Tensor], names: Iterable[str]) -> dict[str, Tensor]:
    return {name: state[name] for name in names}


def _without(state: Mapping[str, Tensor], names: set[str]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if name not in names}


def load_version(root: Path, version: str | None = None) -> LoadedVersion:
    """A version, by default the champion. Raises WeightsError, and then nothing is loaded."""
    version = version or champion(root)
    manifest = read_manifest(root, version)
    try:
        members = {name: _load_member(root, name, entry) for name, entry in manifest["members"].items()}
        gate = Gate(**manifest["gate"].get("arguments", {}))
        fill(gate, read_files(root, manifest["gate"]["files"]), "gate")
        calibration = Calibration(manifest["calibration"]["temperature"], manifest["calibration"]["bias"])
        bands = Bands(**manifest["calibration"]["bands"])
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError("bad_manifest", f"version {version}: {error}") from error
    return LoadedVersion(version, manifest, members, gate.eval(), calibration, bands)


def _load_member(root: Path, name: str, entry: Mapping[str, Any]) -> Member:
    if name not in MEMBERS or entry["architecture"] != SPECS[name].architecture:
        raise WeightsError("unknown_architecture", f"{name}: {entry['architecture']}")
    member = build(name, entry.get("arguments", {}))
    fill(member, read_files(root, entry["files"]), name)
    return member.eval()


def read_files(root: Path, files: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
    """The tensors of several weight files together. Raises WeightsError `missing_file`, `checksum`, `corrupt`."""
    state: dict[str, Tensor] = {}
    for entry in files:
        path = root / entry["path"]
        if not path.resolve().is_relative_to(root.resolve()) or not path.is_file():
            raise WeightsError("missing_file", f"{path} does not exist")
        if path.stat().st_size != entry["size"] or sha256(path) != entry["sha256"]:
            raise WeightsError("checksum", f"{path} is not the file that the manifest names: fetch it again")
        try:
            tensors = unpack(load_file(path))
        except (SafetensorError, KeyError) as error:
            raise WeightsError("corrupt", f"{path}: {error}") from error
        for name, tensor in tensors.items():
            stem = name.removesuffix(DELTA)
            state[stem] = _moved(state.get(stem), tensor, name) if name.endswith(DELTA) else tensor
    return state


def _moved(before: Tensor | None, delta: Tensor, name: str) -> Tensor:
    """The tensor with its delta, which may be stored flat but for the first dimension."""
    if before is None or before.numel() != delta.numel():
        raise WeightsError("wrong_shape", f"{name} changes a tensor that is not there, or has another size")
    return before + delta.reshape(before.shape)


def fill(module: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    """Loads weights strictly. Raises WeightsError `wrong_shape` where names or shapes differ."""
    try:
        module.load_state_dict(dict(state), strict=True)
    except RuntimeError as error:
        raise WeightsError("wrong_shape", f"{name}: {error}") from error
