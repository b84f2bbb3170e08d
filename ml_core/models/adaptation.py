"""Three ways of changing little in a strongly pretrained transformer, and which of its weights learn in each.

* `blocks`: the last blocks and the last norm; the first blocks give the same features for ever.
* `norms`: every LayerNorm and nothing else (Basu et al., "Strong Baselines for Parameter-Efficient Few-Shot
  Fine-Tuning", AAAI 2024): the fewest numbers.
* `low_rank`: an update of low rank beside every attention matrix, and the norms (Hu et al., "LoRA", ICLR 2022).
"""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Adaptation = Literal["blocks", "norms", "low_rank"]


class LowRank(nn.Linear):
    """A frozen linear layer (in → out) and a learned update beside it: W x + b + up(down(x)); `up` starts at zero."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__(linear.in_features, linear.out_features, linear.bias is not None)
        self.load_state_dict(linear.state_dict())
        self.down = nn.Parameter(torch.randn(rank, linear.in_features) / linear.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) → (..., out)."""
        update = functional.linear(functional.linear(x, self.down), self.up)
        return functional.linear(x, self.weight, self.bias) + update


def adapt(trunk: Any, how: Adaptation, frozen: int, rank: int) -> None:
    """Prepares timm's vision transformer and marks what learns. Raises ValueError for an unknown way."""
    if how not in ("blocks", "norms", "low_rank"):
        raise ValueError(f"adaptation {how!r}: wants blocks, norms or low_rank")
    if how == "low_rank":
        for block in trunk.blocks:
            block.attn.qkv, block.attn.proj = LowRank(block.attn.qkv, rank), LowRank(block.attn.proj, rank)
    for name, parameter in trunk.named_parameters():
        parameter.requires_grad = _learns(name, how, frozen)


def _learns(name: str, how: Adaptation, frozen: int) -> bool:
    if how == "blocks":
        return name.startswith("norm.") or (name.startswith("blocks.") and int(name.split(".")[1]) >= frozen)
    is_norm = any(part.startswith("norm") for part in name.split("."))
    return is_norm or (how == "low_rank" and name.endswith((".up", ".down")))
