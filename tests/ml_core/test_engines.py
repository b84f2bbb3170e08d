"""The same numbers from every engine, and a cache that is never half written."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ml_core import engines
from ml_core.datatypes import Frame, Picture
from ml_core.engines import BATCH, OpenVINOEngine, TorchEngine
from ml_core.errors import InferenceError
from ml_core.inference import Predictor
from ml_core.models.registry import build
from ml_core.models.resnext import FeaturesAndLogits, ResNeXt
from ml_core.scoring import reference_engine
from tests.tiny import TINY

CPU = torch.device("cpu")
PICTURES = np.random.default_rng(0).normal(size=(BATCH + 3, 3, 224, 224)).astype(np.float32)


def tiny_member(name: str) -> nn.Module:
    torch.manual_seed(0)
    member = build(name, TINY[name]).eval()
    return FeaturesAndLogits(member) if isinstance(member, ResNeXt) else member


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEEPFAKE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("name", ["cnn", "resnext", "vit"])
def test_openvino_answers_as_float32_pytorch_does(name: str) -> None:
    member = tiny_member(name)
    expected = TorchEngine(member, CPU).run(PICTURES)
    given = OpenVINOEngine(engines.converted(member, [name]), "f32").run(PICTURES)
    assert len(given) == len(expected) == (2 if name == "resnext" else 1)
    for ours, theirs in zip(given, expected, strict=True):
        assert ours.shape == theirs.shape
        assert np.allclose(ours, theirs, atol=1e-4)


def test_a_face_gets_the_same_answer_alone_and_in_a_batch() -> None:
    engine = OpenVINOEngine(engines.converted(tiny_member("vit"), ["vit"]), "f32")
    assert np.allclose(engine.run(PICTURES)[0][-1:], engine.run(PICTURES[-1:])[0], atol=1e-5)


def test_a_member_is_converted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    member = tiny_member("cnn")
    first = engines.converted(member, ["cnn", "abc"])
    monkeypatch.setattr(engines, "_convert", pytest.fail)
    assert engines.converted(member, ["cnn", "abc"]) == first


def test_other_weights_are_another_file() -> None:
    member = tiny_member("cnn")
    assert engines.converted(member, ["cnn", "abc"]) != engines.converted(member, ["cnn", "def"])


def test_a_conversion_that_fails_leaves_nothing(cache: Path) -> None:
    class Broken(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise ArithmeticError("broken")

    with pytest.raises(Exception, match="broken"):
        engines.converted(Broken(), ["broken"])
    assert list((cache / "openvino").iterdir()) == []


def test_the_slower_of_two_converters_takes_the_others_file(cache: Path) -> None:
    first = engines.converted(tiny_member("cnn"), ["cnn"])
    engines._convert(tiny_member("cnn"), first.parent)
    assert [path.name for path in (cache / "openvino").iterdir()] == [first.parent.name]


def test_bfloat16_is_used_only_where_the_processor_has_it() -> None:
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    assert engines.best_precision() == ("bf16" if "amx_bf16" in flags else "f32")


def test_the_verdict_does_not_depend_on_the_engine(tiny_root: Path, portrait: Picture) -> None:
    frames = [Frame(0, None, portrait)]
    fast = Predictor(tiny_root, device="cpu").predict(frames, "image")
    reference = Predictor(tiny_root, device="cpu", make_engine=reference_engine).predict(frames, "image")
    assert fast.p_fake == pytest.approx(reference.p_fake, abs=0.01)


def test_without_openvino_pytorch_answers(
    tiny_root: Path, portrait: Picture, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "has_openvino", lambda: False)
    plain = Predictor(tiny_root, device="cpu")
    assert set(plain.engine_names.values()) == {"torch-f32"}
    frames = [Frame(0, None, portrait)]
    assert plain.predict(frames, "image").p_fake == pytest.approx(predictor.predict(frames, "image").p_fake, abs=0.01)


def test_a_device_that_is_not_there_is_a_named_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert engines.pick_device(None) == CPU
    with pytest.raises(InferenceError, match="no CUDA"):
        engines.pick_device("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_gpu_gives_the_same_verdict(tiny_root: Path, predictor: Predictor, clip: list[Frame]) -> None:
    on_gpu = Predictor(tiny_root, device="cuda").predict(clip, "video")
    assert on_gpu.device.startswith("cuda:0 ")
    assert on_gpu.p_fake == pytest.approx(predictor.predict(clip, "video").p_fake, abs=0.01)
