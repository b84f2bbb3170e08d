"""The gate: how much to trust each member on this item, and the fusion of their answers.

The four members' logits (8 numbers) go in; a softmax over the members that are present gives their weights; the
weighted sum of the logits goes through a linear fusion layer. A mixture of experts in the sense of Jacobs et al.,
"Adaptive Mixtures of Local Experts" (1991), over experts that are already trained.
"""

import torch
from torch import Tensor, nn

from ml_core.datatypes import MEMBERS


class Gate(nn.Module):
    """(B, 4, 2) logits and (B, 4) presence → (B, 2) fused logits, (B, 4) weights that sum to one.

    An absent member has weight exactly 0 and its logits are not looked at. At least one must be present.
    """

    def __init__(self, hidden: int = 16) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(2 * len(MEMBERS), hidden), nn.Tanh(), nn.Linear(hidden, len(MEMBERS)))
        self.fusion = nn.Linear(2, 2)
        nn.init.eye_(self.fusion.weight)
        nn.init.zeros_(self.fusion.bias)

    def make_constant(self) -> None:
        """From now on every item gives a member the same weight, apart from members that are absent."""
        first, last = (layer for layer in self.network if isinstance(layer, nn.Linear))
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        for parameter in (*first.parameters(), last.weight):
            parameter.requires_grad = False

    def forward(self, logits: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Fused logits (B, 2) and weights (B, 4). Raises ValueError where a row has no member."""
        if not bool(present.any(dim=1).all()):
            raise ValueError("every item needs the answer of at least one member")
        known = torch.where(present[..., None], logits, torch.zeros_like(logits))  # (B, 4, 2)
        votes = self.network(torch.tanh(known / 4).flatten(1))  # (B, 4)
        weights = votes.masked_fill(~present, float("-inf")).softmax(dim=1)  # (B, 4)
        return self.fusion((weights[..., None] * known).sum(dim=1)), weights
