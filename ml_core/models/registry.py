"""Which member is built how, and what it wants to be fed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from ml_core.models.cnn import CNN
from ml_core.models.lstm import LSTM
from ml_core.models.member import Member
from ml_core.models.resnext import ResNeXt
from ml_core.models.vit import ViT
from ml_core.transforms import CLIP, IMAGENET, Preprocessing


@dataclass(frozen=True, slots=True)
class Spec:
    """A member: the name of its architecture, its input, how it is built."""

    architecture: str
    preprocessing: Preprocessing
    build: Callable[..., Member]


SPECS: dict[str, Spec] = {
    "cnn": Spec("cnn4", IMAGENET, CNN),
    "resnext": Spec("resnext50_32x4d", IMAGENET, ResNeXt),
    "vit": Spec("vit_base_patch16_clip_quickgelu_224", CLIP, ViT),
    "lstm": Spec("bilstm2", IMAGENET, LSTM),
}


def build(name: str, arguments: Mapping[str, Any] | None = None) -> Member:
    """A new member with random weights; `arguments` change its size. Raises KeyError for an unknown name."""
    return SPECS[name].build(**(arguments or {}))


def count_parameters(member: nn.Module) -> int:
    """How many numbers a member has learned."""
    return sum(parameter.numel() for parameter in member.parameters())
