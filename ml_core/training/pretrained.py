"""ImageNet and CLIP weights over the network, for `--init imagenet`: nothing else in the product downloads anything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import save_file
from torchvision.models import ResNeXt50_32X4D_Weights, resnext50_32x4d


def download(folder: Path) -> dict[str, Path]:
    """Fetches the start weights of `resnext` and `vit` once; returns where they lie as safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    makers: dict[str, Callable[[], Any]] = {
        "resnext": lambda: resnext50_32x4d(weights=ResNeXt50_32X4D_Weights.IMAGENET1K_V2),
        "vit": lambda: timm.create_model("vit_base_patch16_clip_quickgelu_224.openai", pretrained=True),
    }
    paths = {name: folder / f"start_{name}.safetensors" for name in makers}
    for name, make in makers.items():
        if not paths[name].exists():
            state: dict[str, torch.Tensor] = make().state_dict()
            save_file({key: value.contiguous() for key, value in state.items()}, paths[name])
    return paths
