"""The ResNeXt-50 (32×4d) member: facial structure; its 2048 features serve the LSTM too.

Xie et al., "Aggregated Residual Transformations for Deep Neural Networks" (CVPR 2017), as built by torchvision.
"""

import torch
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck, ResNet

from ml_core.models.member import Member


class ResNeXt(Member):
    """(B, 3, 224, 224) → (B, 2) logits [real, fake]."""

    FEATURES = 2048

    def __init__(
        self, layers: tuple[int, int, int, int] = (3, 4, 6, 3), width_per_group: int = 4, dropout: float = 0.2
    ) -> None:
        super().__init__()
        self.backbone = ResNet(Bottleneck, list(layers), groups=32, width_per_group=width_per_group)
        self.backbone.fc = nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.FEATURES, 2)

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, 2048)."""
        features: Tensor = self.backbone(x)
        return features

    def forward_head(self, features: Tensor) -> Tensor:
        """(B, 2048) → (B, 2)."""
        logits: Tensor = self.head(self.dropout(features))
        return logits

    def load_imagenet(self, state: dict[str, Tensor]) -> None:
        """torchvision's ImageNet weights into the backbone; the 1000-class head is left out."""
        self.backbone.load_state_dict({k: v for k, v in state.items() if not k.startswith("fc.")}, strict=True)


class FeaturesAndLogits(nn.Module):
    """Both outputs of one pass, (B, 2048) and (B, 2): what an exported ResNeXt answers."""

    def __init__(self, member: ResNeXt) -> None:
        super().__init__()
        self.member = member

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) → (B, 2048), (B, 2)."""
        features = self.member.forward_features(x)
        return features, self.member.forward_head(torch.flatten(features, 1))
