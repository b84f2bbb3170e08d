"""What every member is: features, a head, and two logits [real, fake]."""

from torch import Tensor, nn


class Member(nn.Module):
    """`forward` is `forward_head` after `forward_features`."""

    def forward_features(self, x: Tensor) -> Tensor:
        """The member's input → (B, F)."""
        raise NotImplementedError

    def forward_head(self, features: Tensor) -> Tensor:
        """(B, F) → (B, 2) logits [real, fake]."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """The member's input → (B, 2) logits [real, fake]."""
        return self.forward_head(self.forward_features(x))
