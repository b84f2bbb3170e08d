"""Every member and the gate as ONNX: each file answers as PyTorch does."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from ml_core import onnx_export
from ml_core.models.ensemble import Gate


def test_it_works(tiny_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The export compares every file with PyTorch, in two batch sizes, and fails where they differ."""
    out = tmp_path / "onnx"
    assert onnx_export.main(["--models", str(tiny_root), "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {
        "cnn.onnx", "resnext.onnx", "vit.onnx", "lstm.onnx", "gate.onnx", "preprocessing.json",
    }  # fmt: skip
    facts = json.loads((out / "preprocessing.json").read_text())
    assert (facts["version"], facts["calibration"]["temperature"], facts["order"][3]) == ("tiny", 1.5, "lstm")


def test_the_gate_s_graph_is_the_gate() -> None:
    torch.manual_seed(0)
    gate, logits = Gate().eval(), torch.randn(3, 4, 2)
    present = torch.tensor([[True, False, False, False], [True, True, True, False], [True] * 4])
    with torch.inference_mode():
        pairs = zip(gate(logits, present), onnx_export.Fusion(gate)(logits, present), strict=True)
        for ours, graph in pairs:
            assert graph.numpy() == pytest.approx(ours.numpy(), abs=1e-6)


def test_a_file_that_answers_otherwise_is_found_out(tmp_path: Path) -> None:
    example, path = (torch.randn(2, 3),), tmp_path / "layer.onnx"
    layer = nn.Linear(3, 2).eval()
    onnx_export.write(layer, example, ["input"], ["logits"], {"input": {0: "batch"}}, path)
    with pytest.raises(onnx_export.OnnxError, match="differs"):
        onnx_export.compare(nn.Linear(3, 2).eval(), example, path)


def test_a_version_that_cannot_be_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert onnx_export.main(["none", "--models", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no_manifest" in capsys.readouterr().err
