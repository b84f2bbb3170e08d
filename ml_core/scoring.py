"""A loaded version that answers: crops → members' logits → gate → calibrated probabilities."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ml_core import engines
from ml_core.checkpoints import LoadedVersion, load_version
from ml_core.datatypes import IMAGE_MEMBERS, MEMBERS
from ml_core.engines import Floats, MemberEngine
from ml_core.errors import InferenceError
from ml_core.models.resnext import FeaturesAndLogits, ResNeXt
from ml_core.transforms import to_tensor

Crops = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FaceLogits:
    """What the image members say to N faces: (N, 3, 2) logits, and the ResNeXt's (N, 2048) features for the LSTM."""

    logits: Floats
    features: Floats

    def mean_of(self, looks: int) -> "FaceLogits":
        """Of faces that were looked at several times in a row, one answer each."""
        faces = len(self.logits) // looks
        means = (all.reshape(faces, looks, *all.shape[1:]).mean(axis=1) for all in (self.logits, self.features))
        return FaceLogits(*means)


@dataclass(frozen=True, slots=True)
class Answers:
    """Calibrated P(fake) of B items (B,), of their members (B, 4), the gate's weights (B, 4), who was asked (4)."""

    p_fake: NDArray[np.float64]
    members: NDArray[np.float64]
    weights: Floats
    present: tuple[bool, ...]


class Stopwatch:
    """Milliseconds per stage, in the order in which the stages began."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds what happens inside to `name`."""
        start = time.perf_counter()
        yield
        self.stages[name] = self.stages.get(name, 0.0) + (time.perf_counter() - start) * 1000


class Scorer:
    """One version on one device. The image members run in engines, the LSTM and the gate in float32 PyTorch."""

    def __init__(self, root: Path, version: str | None, device: torch.device, make_engine: "EngineMaker") -> None:
        """Raises WeightsError."""
        loaded = load_version(root, version)
        names = [name for name in IMAGE_MEMBERS if name in loaded.members]
        self.version, self.bands = loaded.version, loaded.bands
        self._calibration, self._gate, self._lstm = loaded.calibration, loaded.gate, loaded.members.get("lstm")
        self._engines = {name: make_engine(loaded, name, device) for name in names}
        self._preprocessing = {name: loaded.preprocessing(name) for name in names}

    @property
    def engine_names(self) -> dict[str, str]:
        """Which engine runs which member."""
        return {name: engine.name for name, engine in self._engines.items()}

    def look(self, crops: Crops, watch: Stopwatch) -> FaceLogits:
        """The image members' answers to (N, 224, 224, 3) uint8 crops. Raises InferenceError if one is not a number."""
        logits = np.zeros((len(crops), len(IMAGE_MEMBERS), 2), np.float32)
        features = np.zeros((len(crops), 0), np.float32)
        for name, engine in self._engines.items():
            with watch.stage(name):
                outputs = engine.run(self._tensor(name, crops))
            logits[:, IMAGE_MEMBERS.index(name)] = _finite(outputs[-1], name)
            if len(outputs) > 1:
                features = _finite(outputs[0], name)
        return FaceLogits(logits, features)

    def _tensor(self, name: str, crops: Crops) -> Floats:
        wanted = self._preprocessing[name]
        return to_tensor(crops, wanted.mean, wanted.std)

    def follow(self, features: Floats) -> Floats | None:
        """The LSTM's logits (2,) on one track's features (T, 2048) in the order of time; None without an LSTM."""
        if self._lstm is None:
            return None
        with torch.inference_mode():
            return _finite(self._lstm(torch.from_numpy(features)[None])[0].numpy(), "lstm")

    def fuse(self, image_logits: Floats, lstm_logits: Floats | None = None) -> Answers:
        """Gate and calibration over (B, 3, 2) image logits, with the LSTM's (2,) where B is 1."""
        logits = np.zeros((len(image_logits), len(MEMBERS), 2), np.float32)
        logits[:, : len(IMAGE_MEMBERS)] = image_logits
        present = [name in self._engines for name in MEMBERS]
        if lstm_logits is not None:
            logits[:, MEMBERS.index("lstm")] = lstm_logits
            present[MEMBERS.index("lstm")] = True
        with torch.inference_mode():
            rows = torch.tensor([present] * len(logits))
            fused, weights = self._gate(torch.from_numpy(logits), rows)
        p_fake, members = self._calibration.p_fake(fused.numpy()), self._calibration.member_p_fake(logits)
        return Answers(p_fake, members, weights.numpy(), tuple(present))


EngineMaker = Callable[[LoadedVersion, str, torch.device], MemberEngine]


def best_engine(loaded: LoadedVersion, name: str, device: torch.device) -> MemberEngine:
    """The fastest that gives the version's answers: half-precision PyTorch on CUDA, OpenVINO on a CPU."""
    if device.type == "cuda" or not engines.has_openvino():
        return engines.TorchEngine(_module(loaded, name), device)
    precision = loaded.manifest.get("engine", {}).get("precision", {}).get(name) or engines.best_precision()
    return openvino_engine(loaded, name, precision)


def openvino_engine(loaded: LoadedVersion, name: str, precision: engines.Precision) -> MemberEngine:
    """A member in OpenVINO, converted at its first use."""
    entry = loaded.manifest["members"][name]
    key = [name, entry["architecture"], json.dumps(entry.get("arguments")), loaded.fingerprint(name)]
    return engines.OpenVINOEngine(engines.converted(_module(loaded, name), key), precision)


def reference_engine(loaded: LoadedVersion, name: str, _device: torch.device) -> MemberEngine:
    """Float32 PyTorch on the CPU: what the others are compared with."""
    return engines.TorchEngine(_module(loaded, name), torch.device("cpu"))


def _module(loaded: LoadedVersion, name: str) -> nn.Module:
    module = loaded.members[name]
    return FeaturesAndLogits(module) if isinstance(module, ResNeXt) else module


def _finite(values: Floats, name: str) -> Floats:
    if not np.isfinite(values).all():
        raise InferenceError(f"{name} answered something that is not a number")
    return values
