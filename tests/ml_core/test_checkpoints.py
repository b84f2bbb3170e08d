"""Weights on disk: the same numbers come back, and anything that is not as it should be is refused by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from ml_core.checkpoints import load_version, pack, sha256, unpack
from ml_core.errors import WeightsError
from ml_core.versions import champion, read_manifest, set_champion
from tests.tiny import make_tiny_version


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_tiny_version(tmp_path)
    return tmp_path


def change_manifest(root: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = root / "tiny" / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_a_version_comes_back_to_the_bit(root: Path) -> None:
    first, again = load_version(root), load_version(root, "tiny")
    assert first.version == champion(root) == "tiny"
    for name, member in first.members.items():
        assert not member.training
        for key, value in member.state_dict().items():
            assert torch.equal(value, again.members[name].state_dict()[key])
            assert value.dtype != torch.float16


def test_packing_twice_changes_nothing_more() -> None:
    torch.manual_seed(0)
    state = {"big.weight": torch.randn(300, 300), "small": torch.randn(5), "count": torch.tensor(3)}
    once = unpack(pack(state, int8=True))
    twice = unpack(pack(once, int8=True))
    assert torch.equal(once["big.weight"], twice["big.weight"])
    assert torch.equal(once["count"], state["count"])
    largest = state["big.weight"].abs().amax(dim=1, keepdim=True)
    assert ((once["big.weight"] - state["big.weight"]).abs() <= largest / 127 / 2 + 1e-6).all()


def test_the_frozen_base_of_the_vit_is_a_file_of_its_own(root: Path) -> None:
    files = [Path(file["path"]).name for file in read_manifest(root, "tiny")["members"]["vit"]["files"]]
    assert files == ["vit_base.safetensors", "vit.safetensors"]
    assert not any("blocks.1." in name for name in load_file(root / "tiny" / "vit_base.safetensors"))


def test_a_file_of_another_version_may_serve_too(root: Path) -> None:
    make_tiny_version(root, "second", seed=1)
    theirs = read_manifest(root, "second")["members"]["cnn"]
    change_manifest(root, lambda manifest: manifest["members"].update(cnn=theirs))
    mixed, second = load_version(root, "tiny"), load_version(root, "second")
    assert mixed.fingerprint("cnn") == second.fingerprint("cnn")
    assert mixed.fingerprint("vit") != second.fingerprint("vit")


def test_what_another_version_has_is_not_written_again(root: Path) -> None:
    make_tiny_version(root, "twin")
    assert not list((root / "twin").glob("*.safetensors"))
    assert load_version(root, "twin").fingerprint("vit") == load_version(root, "tiny").fingerprint("vit")


def refused(root: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        load_version(root, "tiny")
    return caught.value.code


def test_a_changed_file_is_refused(root: Path) -> None:
    path = root / "tiny" / "cnn.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert refused(root) == "checksum"


def test_a_truncated_file_is_refused(root: Path) -> None:
    path = root / "tiny" / "cnn.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    assert refused(root) == "checksum"


def reseal(root: Path, name: str) -> None:
    """Gives a changed file a manifest that agrees with it."""
    path = root / "tiny" / f"{name}.safetensors"

    def change(manifest: dict[str, Any]) -> None:
        manifest["members"][name]["files"][0].update(sha256=sha256(path), size=path.stat().st_size)

    change_manifest(root, change)


def test_something_else_than_safetensors_is_refused(root: Path) -> None:
    (root / "tiny" / "cnn.safetensors").write_bytes(b"\x80\x04pickle")
    reseal(root, "cnn")
    assert refused(root) == "corrupt"


@pytest.mark.parametrize(
    ("value", "code"), [(torch.full((2, 64), float("nan")), "not_finite"), (torch.zeros(3, 3), "wrong_shape")]
)
def test_weights_that_cannot_be_meant_are_refused(root: Path, value: torch.Tensor, code: str) -> None:
    path = root / "tiny" / "cnn.safetensors"
    save_file({**load_file(path), "head.weight": value}, path)
    reseal(root, "cnn")
    assert refused(root) == code


def test_a_missing_file_an_escape_and_an_unknown_architecture_are_refused(root: Path) -> None:
    change_manifest(root, lambda m: m["members"]["cnn"]["files"][0].update(path="tiny/none.safetensors"))
    assert refused(root) == "missing_file"
    change_manifest(root, lambda m: m["members"]["cnn"]["files"][0].update(path="../../etc/passwd"))
    assert refused(root) == "missing_file"
    change_manifest(root, lambda m: m["members"]["cnn"].update(architecture="resnet18"))
    assert refused(root) == "unknown_architecture"


def test_a_broken_manifest_is_refused(root: Path) -> None:
    change_manifest(root, lambda m: m["calibration"].update(temperature=-1))
    assert refused(root) == "bad_manifest"
    change_manifest(root, lambda m: m.update(schema_version=99))
    assert refused(root) == "newer_schema"
    (root / "tiny" / "manifest.json").write_text("{")
    assert refused(root) == "bad_manifest"


def test_without_a_champion_nothing_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        load_version(tmp_path)
    assert caught.value.code == "no_champion"


def test_the_champion_moves_only_to_a_version_that_is_there(root: Path) -> None:
    with pytest.raises(WeightsError):
        set_champion(root, "../elsewhere")
    assert champion(root) == "tiny"
    assert not list(root.glob(".*.part"))
