"""The CNN member: four convolution blocks and a fully connected head, about 2 M parameters, for local artefacts.

The first block sees the picture and its high-pass residual side by side, folded 2 × 2 so that no pixel is lost.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.models.member import Member


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class CNN(Member):
    """(B, 3, 224, 224) → (B, 2) logits [real, fake]. `width` is the channels of the first block."""

    def __init__(self, width: int = 32, dropout: float = 0.3) -> None:
        super().__init__()
        w = width
        self.blocks = nn.ModuleList([_block(24, w), _block(w, 2 * w), _block(2 * w, 4 * w), _block(4 * w, 10 * w)])
        self.input_norm = nn.BatchNorm2d(6)
        self.hidden = nn.Linear(20 * w, 16 * w)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(16 * w, 2)

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, 20 * width): mean and maximum of the last block's maps."""
        residual = x - functional.avg_pool2d(x, 3, stride=1, padding=1)  # (B, 3, H, W)
        x = functional.pixel_unshuffle(self.input_norm(torch.cat([x, residual], dim=1)), 2)  # (B, 24, H/2, W/2)
        for index, block in enumerate(self.blocks):
            x = block(functional.max_pool2d(x, 2) if index else x)  # (B, C, H/2^(i+1), W/2^(i+1))
        return torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)

    def forward_head(self, features: Tensor) -> Tensor:
        """(B, 20 * width) → (B, 2)."""
        hidden = functional.relu(self.hidden(features))
        logits: Tensor = self.head(self.dropout(hidden))
        return logits
