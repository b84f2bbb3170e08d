"""How an image member is run: OpenVINO on a CPU, float16 PyTorch on CUDA, float32 PyTorch where OpenVINO is absent.

The verdict must not depend on this choice. A processor with bfloat16 units may use them, unless the version says
that a member loses too much by it: `"engine": {"precision": {"vit": "f32"}}` in its manifest. Measured by
`python -m benchmarks.parity`.
"""

import hashlib
import importlib.util
import os
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ml_core.config import INPUT_SIZE, PROJECT_ROOT
from ml_core.errors import InferenceError
from ml_core.openvino_runtime import openvino

Floats = NDArray[np.float32]
Precision = Literal["bf16", "f32"]

BATCH = 8  # faces per pass: bounds the memory; more is not faster on a CPU
CONVERSION = 1  # counts up when the conversion below changes: old files are then left aside


class MemberEngine(Protocol):
    """One image member, ready to run."""

    name: str

    def run(self, batch: Floats) -> tuple[Floats, ...]:
        """(N, 3, 224, 224) → the module's outputs, each (N, …); any N ≥ 1."""
        ...


class TorchEngine:
    """PyTorch: float32 on a CPU, float16 on CUDA."""

    def __init__(self, module: nn.Module, device: torch.device) -> None:
        self._dtype = torch.float16 if device.type == "cuda" else torch.float32
        self._device = device
        self._module = module.eval().to(device, self._dtype)
        self.name = f"torch-{'f16' if device.type == 'cuda' else 'f32'}"

    def run(self, batch: Floats) -> tuple[Floats, ...]:
        """See `MemberEngine.run`."""
        with torch.inference_mode():
            parts = [self._outputs(batch[i : i + BATCH]) for i in range(0, len(batch), BATCH)]
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))

    def _outputs(self, chunk: Floats) -> list[Floats]:
        outputs = self._module(torch.from_numpy(chunk).to(self._device, self._dtype))
        tensors = outputs if isinstance(outputs, tuple) else (outputs,)
        return [tensor.float().cpu().numpy() for tensor in tensors]


class OpenVINOEngine:
    """OpenVINO on the CPU, from a file that was converted once."""

    def __init__(self, model_file: Path, precision: Precision) -> None:
        core = openvino().Core()
        settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
        self._request: Any = core.compile_model(core.read_model(model_file), "CPU", settings).create_infer_request()
        self.name = f"openvino-{precision}"

    def run(self, batch: Floats) -> tuple[Floats, ...]:
        """See `MemberEngine.run`."""
        parts = [self._outputs(batch[i : i + BATCH]) for i in range(0, len(batch), BATCH)]
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))

    def _outputs(self, chunk: Floats) -> list[Floats]:
        self._request.infer([chunk])
        return [np.array(output.data, np.float32) for output in self._request.output_tensors]


def has_openvino() -> bool:
    """Whether OpenVINO is installed."""
    return importlib.util.find_spec("openvino") is not None


def best_precision() -> Precision:
    """bf16 with AMX, f32 elsewhere: AVX512-BF16 alone was seen to be slower than float32."""
    return "bf16" if torch.cpu.get_capabilities().get("amx_bf16", False) else "f32"


def cache_root() -> Path:
    """Where converted models are kept: `DEEPFAKE_CACHE`, else var/cache. It may be deleted at any time."""
    return Path(os.environ.get("DEEPFAKE_CACHE") or PROJECT_ROOT / "var" / "cache")


def converted(module: nn.Module, key: Sequence[str]) -> Path:
    """The OpenVINO file of a member, converted at the first call with this `key` (version, name, checksums …)."""
    text = "\n".join([*key, openvino().__version__, torch.__version__, str(CONVERSION)])
    folder = cache_root() / "openvino" / hashlib.sha256(text.encode()).hexdigest()[:32]
    if not (folder / "model.xml").is_file():
        _convert(module, folder)
    return folder / "model.xml"


def _convert(module: nn.Module, folder: Path) -> None:
    """Write beside, then rename: several hosts may convert at once, and none ever sees half a file."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        example = torch.zeros(2, 3, INPUT_SIZE, INPUT_SIZE)
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer warns about every shape that it writes down
            model = openvino().convert_model(
                module.eval().float().cpu(), example_input=example, input=[(-1, 3, INPUT_SIZE, INPUT_SIZE)]
            )
        openvino().save_model(model, part / "model.xml", compress_to_fp16=False)
        _publish(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _publish(part: Path, folder: Path) -> None:
    try:
        part.rename(folder)
    except OSError as error:  # another host was first
        if not (folder / "model.xml").is_file():
            raise InferenceError(f"the converted model cannot be stored in {folder}") from error


def pick_device(wanted: str | None) -> torch.device:
    """`wanted` ("cpu" or "cuda"), by itself CUDA where there is one; raises InferenceError for an absent GPU."""
    available = torch.cuda.is_available()
    if wanted not in (None, "cpu", "cuda"):
        raise InferenceError(f"no such device: {wanted}")
    if wanted == "cuda" and not available:
        raise InferenceError("no CUDA device is available")
    return torch.device("cuda:0" if available and wanted != "cpu" else "cpu")


def device_name(device: torch.device) -> str:
    """What the verdict says: "cpu", or "cuda:0" with the GPU's name."""
    return "cpu" if device.type == "cpu" else f"{device} {torch.cuda.get_device_name(device)}"
