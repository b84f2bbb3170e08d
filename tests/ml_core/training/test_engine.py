"""The loop: it learns, it goes on where it stopped to the bit, it stops at nonsense."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ml_core.models.cnn import CNN
from ml_core.models.vit import ViT
from ml_core.training import engine
from ml_core.transforms import IMAGENET, to_tensor
from tests.ml_core.training.toy import picture
from tests.tiny import TINY

SETTINGS = engine.Settings(steps=30, batch=8, rate=3e-3, head_rate=1.0, save_every=10)
PICTURES = np.stack([picture(number % 2 == 1, number, side=64) for number in range(8)])
INPUTS = torch.from_numpy(to_tensor(PICTURES, IMAGENET.mean, IMAGENET.std))
LABELS = torch.tensor([number % 2 for number in range(8)])


def steps(first: int, last: int) -> Iterator[engine.Step]:
    return (engine.Step(number, INPUTS, LABELS) for number in range(first, last))


def make_cnn() -> CNN:
    torch.manual_seed(3)
    return CNN(width=4)


def test_it_overfits_eight_pictures(tmp_path: Path) -> None:
    long = replace(SETTINGS, steps=90)  # the batch norms' running means follow with a delay
    member = engine.train(make_cnn(), steps, long, tmp_path / "cnn.safetensors")
    with torch.inference_mode():
        assert torch.equal(member(INPUTS).argmax(dim=1), LABELS)


def test_a_run_cut_off_ends_like_one_that_was_not(tmp_path: Path) -> None:
    whole = engine.train(make_cnn(), steps, SETTINGS, tmp_path / "whole.safetensors")

    class Killed(Exception):
        pass

    def killed(first: int, last: int) -> Iterator[engine.Step]:
        for step in steps(first, last):
            if step.number == 17:
                raise Killed
            yield step

    with pytest.raises(Killed):
        engine.train(make_cnn(), killed, SETTINGS, tmp_path / "cut.safetensors")
    resumed = engine.train(make_cnn(), steps, SETTINGS, tmp_path / "cut.safetensors")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_finished_run_is_loaded_and_not_run_again(tmp_path: Path) -> None:
    first = engine.train(make_cnn(), steps, SETTINGS, tmp_path / "cnn.safetensors")

    def none(first: int, last: int) -> Iterator[engine.Step]:
        assert first == last == SETTINGS.steps
        return iter(())

    again = engine.train(CNN(width=4), none, SETTINGS, tmp_path / "cnn.safetensors")
    assert torch.equal(first.state_dict()["head.weight"], again.state_dict()["head.weight"])


@pytest.mark.parametrize(("amx", "compiler"), [(True, "/usr/bin/g++"), (True, None), (False, "/usr/bin/g++")])
def test_blocks_are_compiled_where_it_pays_and_can_be_done(
    monkeypatch: pytest.MonkeyPatch, amx: bool, compiler: str | None
) -> None:
    member, compiled = ViT(**TINY["vit"]), list[nn.Module]()
    names = list(member.state_dict())
    monkeypatch.setattr(engine, "has_matrix_units", lambda device: amx)
    monkeypatch.setattr(shutil, "which", lambda program: compiler)
    monkeypatch.setattr(nn.Module, "compile", lambda block, dynamic: compiled.append(block))
    fused = [block.attn.fused_attn for block in member.trunk.blocks]
    engine.fuse(member, torch.device("cpu"))
    assert compiled == (list(member.trunk.blocks) if amx and compiler else [])
    plain = [False, True] if amx and compiler else [False, False]  # the first block is frozen
    now = [block.attn.fused_attn for block in member.trunk.blocks]
    assert now == [was and not made_plain for was, made_plain in zip(fused, plain, strict=True)]
    assert list(member.state_dict()) == names


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    def broken(first: int, last: int) -> Iterator[engine.Step]:
        return (engine.Step(number, INPUTS * float("nan"), LABELS) for number in range(first, last))

    with pytest.raises(engine.NonFiniteLoss, match="step 0"):
        engine.train(make_cnn(), broken, SETTINGS, tmp_path / "cnn.safetensors")


def test_the_rate_rises_and_falls_to_nothing() -> None:
    settings = replace(SETTINGS, steps=100, rate=1.0)
    rates = [engine.rate_at(step, settings) for step in range(100)]
    assert max(rates) == pytest.approx(1.0, abs=0.01)
    assert rates.index(max(rates)) < 10
    assert rates[0] < 0.5
    assert rates[-1] < 0.001
