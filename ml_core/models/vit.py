"""The ViT-B/16 member: global context by self-attention, started from CLIP's image tower.

Dosovitskiy et al., "An Image is Worth 16x16 Words" (ICLR 2021); Radford et al., "Learning Transferable Visual Models
From Natural Language Supervision" (ICML 2021), in timm's build with pre-norm and QuickGELU.
"""

from typing import Any

import timm
import torch
from torch import Tensor, nn

from ml_core.models.adaptation import Adaptation, adapt
from ml_core.models.member import Member


class ViT(Member):
    """(B, 3, 224, 224) → (B, 2) logits [real, fake].

    `adaptation` says what learns (`ml_core.models.adaptation`): with `blocks`, the first `frozen` ones and the patch
    embedding never do. `keep` is the share of patch tokens that a training step sees (Li et al., "Scaling
    Language-Image Pre-training via Masking", CVPR 2023): evaluation sees all.
    """

    def __init__(
        self,
        frozen: int = 8,
        keep: float = 1.0,
        dropout: float = 0.1,
        adaptation: Adaptation = "blocks",
        rank: int = 8,
        **size: Any,
    ) -> None:
        super().__init__()
        trunk: Any = timm.create_model("vit_base_patch16_clip_quickgelu_224", num_classes=0, **size)
        adapt(trunk, adaptation, frozen, rank)
        self.trunk: Any = trunk
        self.frozen, self.keep = frozen if adaptation == "blocks" else 0, keep
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(trunk.num_features, 2)

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, 3, 224, 224) → (B, 768): the class token after the last norm."""
        with torch.no_grad():
            x = self._fewer(self.trunk._pos_embed(self.trunk.patch_embed(x)))  # (B, 1 + tokens, 768)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            x = self.trunk.norm_pre(x)
            for block in self.trunk.blocks[: self.frozen]:
                x = block(x)
        for block in self.trunk.blocks[self.frozen :]:
            x = block(x)
        token: Tensor = self.trunk.norm(x[:, 0])
        return token

    def _fewer(self, tokens: Tensor) -> Tensor:
        """In training a random share of the patch tokens; the class token always."""
        if not self.training or self.keep >= 1:
            return tokens
        batch, count = tokens.shape[0], tokens.shape[1] - 1
        order = torch.rand(batch, count, device=tokens.device).argsort(dim=1)[:, : max(1, int(count * self.keep))]
        index = torch.cat([torch.zeros_like(order[:, :1]), order + 1], dim=1)
        return tokens.gather(1, index[..., None].expand(-1, -1, tokens.shape[2]))

    def forward_head(self, features: Tensor) -> Tensor:
        """(B, 768) → (B, 2)."""
        logits: Tensor = self.head(self.dropout(features))
        return logits

    def load_clip(self, state: dict[str, Tensor]) -> None:
        """CLIP's image tower into the trunk; its projection is left out."""
        updates = {key: value for key, value in self.trunk.state_dict().items() if key.endswith((".up", ".down"))}
        tower = {key: value for key, value in state.items() if not key.startswith("head.")}
        self.trunk.load_state_dict({**tower, **updates}, strict=True)
