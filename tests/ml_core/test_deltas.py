"""A change to large tensors costs a byte a number, comes back as it was stored, and never builds a chain."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from ml_core import deltas
from ml_core.checkpoints import read_files, sha256
from ml_core.errors import WeightsError

BIG = (300, 400)


def write(root: Path, name: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    path = root / f"{name}.safetensors"
    save_file(tensors, path)
    return {"path": path.name, "sha256": sha256(path), "size": path.stat().st_size}


def random(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def base(tmp_path: Path) -> dict[str, Any]:
    return write(tmp_path, "base", {"deep": random(*BIG, seed=1), "head": random(2, 400, seed=2)})


def test_small_steps_survive_in_a_byte_a_number(tmp_path: Path, base: dict[str, Any]) -> None:
    before = read_files(tmp_path, [base])
    step = 1e-7 * random(*BIG, seed=3)  # float16 of the weight would not see it
    after = {"deep": before["deep"] + step, "head": before["head"] + 1e-7}
    own = write(tmp_path, "own", deltas.encode(after, before))
    assert own["size"] < 1.1 * step.numel() + 4 * after["head"].numel() + 4 * len(step)
    read = read_files(tmp_path, [base, own])
    assert torch.equal(read["head"], after["head"])
    moved, wanted = read["deep"] - before["deep"], after["deep"] - before["deep"]
    row_largest = wanted.abs().amax(dim=1, keepdim=True)
    assert bool(((moved - wanted).abs() <= row_largest / 254 + 1e-7).all())
    assert torch.equal(read["deep"], read_files(tmp_path, [base, own])["deep"])


def test_a_kernel_is_stored_flat_and_comes_back_in_its_shape(tmp_path: Path) -> None:
    kernel = {"kernel": random(64, 128, 3, 3, seed=4)}
    files = [write(tmp_path, "base", kernel)]
    own = write(tmp_path, "own", deltas.encode({"kernel": kernel["kernel"] * 1.01}, kernel))
    assert read_files(tmp_path, [*files, own])["kernel"] == pytest.approx(kernel["kernel"] * 1.01, abs=1e-3)


def test_a_file_whose_tensors_all_changed_is_still_what_the_change_is_taken_against(
    tmp_path: Path, base: dict[str, Any]
) -> None:
    start = read_files(tmp_path, [base])
    moved = {name: tensor + 0.1 for name, tensor in start.items()}
    assert deltas.not_covered(tmp_path, [base], moved) == [base]
    assert deltas.not_covered(tmp_path, [base, write(tmp_path, "head", {"head": start["head"]})], moved) == [base]


def test_a_second_change_replaces_the_first(tmp_path: Path, base: dict[str, Any]) -> None:
    start = read_files(tmp_path, [base])
    first = write(tmp_path, "first", deltas.encode({"deep": start["deep"] + 0.1}, start))
    again = {"deep": read_files(tmp_path, [base, first])["deep"] + 0.1}
    kept = deltas.not_covered(tmp_path, [base, first], again)
    assert [file["path"] for file in kept] == ["base.safetensors"]
    second = write(tmp_path, "second", deltas.encode(again, read_files(tmp_path, kept)))
    assert read_files(tmp_path, [*kept, second])["deep"] == pytest.approx(start["deep"] + 0.2, abs=1e-3)


@pytest.mark.parametrize("spoilt", [{"deep.delta": torch.zeros(3)}, {"other.delta": torch.zeros(BIG)}])
def test_a_delta_of_something_else_is_refused(tmp_path: Path, base: dict[str, Any], spoilt: dict[str, Tensor]) -> None:
    with pytest.raises(WeightsError, match="wrong_shape"):
        read_files(tmp_path, [base, write(tmp_path, "own", spoilt)])


def test_a_delta_without_its_scale_or_with_nonsense_in_it_is_refused(tmp_path: Path, base: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match="corrupt"):
        read_files(tmp_path, [base, write(tmp_path, "own", {"deep.delta.int8": torch.zeros(BIG, dtype=torch.int8)})])
    with pytest.raises(WeightsError, match="not_finite"):
        read_files(tmp_path, [base, write(tmp_path, "nan", {"deep.delta": torch.full(BIG, float("nan"))})])
