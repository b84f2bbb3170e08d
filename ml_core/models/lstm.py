"""The LSTM member: what changes from frame to frame.

Two bidirectional layers over the ResNeXt's features of the frames, each beside its difference from the clip's mean,
so that the identity of the person matters less than what moves.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.models.member import Member


class LSTM(Member):
    """(B, T, 2048) → (B, 2) logits [real, fake]; any T ≥ 1."""

    def __init__(self, features: int = 2048, width: int = 256, dropout: float = 0.3) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(features, width), nn.LayerNorm(width), nn.ReLU())
        self.recurrent = nn.LSTM(2 * width, width, num_layers=2, batch_first=True, bidirectional=True, dropout=dropout)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(4 * width, 2)

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, T, 2048) → (B, 4 * width): mean and maximum over time of both directions."""
        x = self.project(functional.normalize(x, dim=-1) * x.shape[-1] ** 0.5)  # (B, T, width)
        x = torch.cat([x, x - x.mean(dim=1, keepdim=True)], dim=-1)  # (B, T, 2 * width)
        x, _ = self.recurrent(x)  # (B, T, 2 * width)
        return torch.cat([x.mean(dim=1), x.amax(dim=1)], dim=-1)

    def forward_head(self, features: Tensor) -> Tensor:
        """(B, 4 * width) → (B, 2)."""
        logits: Tensor = self.head(self.dropout(features))
        return logits
