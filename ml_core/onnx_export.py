"""`python -m ml_core.onnx_export NAME`: every member and the gate as ONNX files, for programs that are not this one.

Members take their own input and give (B, 2) logits [real, fake]; the ResNeXt gives its 2048 features as well, which the
LSTM takes (B, T, 2048). The gate takes logits (B, 4, 2) and presence (B, 4), in the order cnn, resnext, vit, lstm, and
gives fused logits and weights. preprocessing.json says how faces are cropped and normalised, and how the fused logits
become a probability. Every file was opened by OpenVINO and answered as PyTorch does, or the command fails.
"""

import argparse
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ml_core.checkpoints import LoadedVersion, load_version
from ml_core.config import CROP_MARGIN, FRAMES_PER_VIDEO, SECOND_LOOK, TRAINED_MODELS
from ml_core.datatypes import MEMBERS
from ml_core.errors import WeightsError
from ml_core.models.resnext import FeaturesAndLogits, ResNeXt
from ml_core.openvino_runtime import openvino
from ml_core.versions import write_json

OPSET = 18
TOLERANCE = 1e-3  # of logits, in float32 on both sides
SIDE = 224


class OnnxError(Exception):
    """An exported file that does not answer as the member does."""

    code = "onnx_differs"


class Fusion(nn.Module):
    """The gate without its check for rows without members, which a graph cannot raise."""

    def __init__(self, gate: Any) -> None:
        super().__init__()
        self.gate = gate

    def forward(self, logits: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 4, 2), (B, 4) bool → (B, 2), (B, 4)."""
        known = torch.where(present[..., None], logits, torch.zeros_like(logits))
        votes = self.gate.network(torch.tanh(known / 4).flatten(1))
        weights = votes.masked_fill(~present, -1e9).softmax(dim=1)
        return self.gate.fusion((weights[..., None] * known).sum(dim=1)), weights


def export(root: Path, version: str | None, out: Path) -> list[Path]:
    """Writes the files and compares each with PyTorch. Raises WeightsError or OnnxError."""
    loaded = load_version(root, version)
    out.mkdir(parents=True, exist_ok=True)
    written = [_member(loaded, name, out) for name in loaded.members]
    written.append(_gate(loaded, out))
    write_json(out / "preprocessing.json", description(loaded))
    return written


def description(loaded: LoadedVersion) -> dict[str, Any]:
    """What a program has to do before and after."""
    members = {name: asdict(loaded.preprocessing(name)) for name in loaded.members if name != "lstm"}
    calibration = {"formula": "p_fake = sigmoid((fake - real) / temperature + bias)", **asdict(loaded.calibration)}
    faces = {
        "margin": CROP_MARGIN,
        "second_look": SECOND_LOOK,  # of a still: the mean of the logits of both
        "frames_per_video": FRAMES_PER_VIDEO,
        "colour": "RGB, 0 to 1 before normalisation",
    }
    bands = asdict(loaded.bands)
    return {
        "version": loaded.version, "classes": ["real", "fake"], "members": members, "calibration": calibration,
        "bands": bands, "faces": faces, "order": list(MEMBERS),
    }  # fmt: skip


def _member(loaded: LoadedVersion, name: str, out: Path) -> Path:
    member = loaded.members[name]
    module = (FeaturesAndLogits(member) if isinstance(member, ResNeXt) else member).eval()
    outputs = ["features", "logits"] if isinstance(member, ResNeXt) else ["logits"]
    if name == "lstm":
        example, axes = torch.randn(2, 16, ResNeXt.FEATURES), {0: "batch", 1: "time"}
    else:
        example, axes = torch.randn(2, 3, SIDE, SIDE), {0: "batch"}
    return write(module, (example,), ["input"], outputs, {"input": axes}, out / f"{name}.onnx")


def _gate(loaded: LoadedVersion, out: Path) -> Path:
    present = torch.tensor([[True, True, True, False], [True, True, True, True]])
    example = (torch.randn(2, len(MEMBERS), 2), present)
    axes = {"logits": {0: "batch"}, "present": {0: "batch"}}
    outputs = ["fused", "weights"]
    return write(Fusion(loaded.gate).eval(), example, ["logits", "present"], outputs, axes, out / "gate.onnx")


def write(
    module: nn.Module,
    example: tuple[Tensor, ...],
    inputs: list[str],
    outputs: list[str],
    axes: dict[str, dict[int, str]],
    path: Path,
) -> Path:
    """One file, checked: with the example and with another batch size."""
    dynamic = {**axes, **{name: {0: "batch"} for name in outputs}}
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns about every shape that it writes down
        torch.onnx.export(
            module, example, str(path), input_names=inputs, output_names=outputs, dynamic_axes=dynamic,
            opset_version=OPSET, dynamo=False,
        )  # fmt: skip
    for given in (example, tuple(part[:1] for part in example)):
        compare(module, given, path)
    return path


def compare(module: nn.Module, given: tuple[Tensor, ...], path: Path) -> None:
    """Raises OnnxError where OpenVINO's answer to the file is not PyTorch's."""
    with torch.inference_mode():
        expected = module(*given)
    expected = expected if isinstance(expected, tuple) else (expected,)
    core = openvino().Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers = compiled([part.numpy() for part in given])
    for index, wanted in enumerate(expected):
        gap = float(np.abs(answers[index] - wanted.numpy()).max())
        scale = max(1.0, float(wanted.abs().max()))
        if not gap <= TOLERANCE * scale:
            raise OnnxError(f"{path.name} differs from PyTorch by {gap}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 2 with a sentence."""
    parser = argparse.ArgumentParser(prog="python -m ml_core.onnx_export", description=__doc__)
    parser.add_argument("version", nargs="?", help="by default the champion")
    parser.add_argument("--models", type=Path, default=TRAINED_MODELS)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        written = export(options.models, options.version, options.out)
    except (WeightsError, OnnxError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write("\n".join(str(path) for path in written) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
