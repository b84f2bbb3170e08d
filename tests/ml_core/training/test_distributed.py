"""Two processes on the CPU (gloo), started by torchrun, train like one."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ml_core.config import PROJECT_ROOT
from tests.ml_core.training import together

ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # what torchrun gives to each process


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run in two processes."""
    folder = tmp_path_factory.mktemp("two")
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [sys.executable, *torchrun, "-m", "tests.ml_core.training.together", str(folder)]
    done = subprocess.run(
        command, cwd=PROJECT_ROOT, env=os.environ | ONE_THREAD, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As in the processes that torchrun starts."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def losses(curve: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in curve.read_text().splitlines()[1:]]


@pytest.mark.parametrize("name", together.NAMES)
@pytest.mark.usefixtures("one_thread")
def test_two_processes_have_the_loss_curve_of_one(name: str, two: Path, tmp_path: Path) -> None:
    together.run(name, tmp_path / f"{name}.safetensors")
    alone, joined = losses(tmp_path / f"{name}.jsonl"), losses(two / f"{name}.jsonl")
    noise = 0.1 if name == "cnn" else 0.01  # on a CPU each process has batch norms of its own
    assert joined == pytest.approx(alone, abs=noise)


def test_a_run_of_two_that_was_cut_off_ends_like_one_that_was_not(two: Path) -> None:
    whole, cut = load_file(two / "cnn.safetensors"), load_file(two / "cut.safetensors")
    assert whole.keys() == cut.keys()
    assert all(bool((whole[key] == cut[key]).all()) for key in whole)


def test_a_batch_that_cannot_be_divided_is_refused(two: Path) -> None:
    assert "7 cannot be divided evenly among 2" in (two / "refusal.txt").read_text()
