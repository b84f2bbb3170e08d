"""What learning from feedback moves: heads, gate and calibration; in a full run the members' deep layers as well.

The answer is computed as scoring computes it (robust mean over the frames, gate, fusion, temperature and bias), but
in such a way that a gradient flows through it. Evaluation mode throughout: no dropout, no moving batch statistics.
"""

import copy
import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn

from ml_core.aggregation import LSTM_MIN_FRAMES, steady_frames
from ml_core.calibration import Calibration
from ml_core.checkpoints import LoadedVersion
from ml_core.datatypes import IMAGE_MEMBERS, MEMBERS
from ml_core.models.ensemble import Gate
from ml_core.models.member import Member
from ml_core.models.registry import SPECS
from ml_core.training.crops import Crops
from ml_core.transforms import to_tensor

Kind = Literal["small", "full"]
Part = Literal["deep", "heads", "gate", "calibration"]
HEAD = "head."  # a member's last layer


@dataclass(frozen=True, slots=True)
class Features:
    """What the members saw in one item: (T, F) for each image member, (F,) of the LSTM where T is long enough."""

    frames: Mapping[str, Tensor]
    course: Tensor | None = None

    def __len__(self) -> int:
        return len(next(iter(self.frames.values())))


class Policy(nn.Module):
    """Features of items → the calibrated log-odds of fake, (B,)."""

    def __init__(self, loaded: LoadedVersion, kind: Kind = "small") -> None:
        super().__init__()
        self.members = nn.ModuleDict(copy.deepcopy(loaded.members))
        self.gate: Gate = copy.deepcopy(loaded.gate)
        self.log_temperature = nn.Parameter(torch.tensor(math.log(loaded.calibration.temperature)))
        self.bias = nn.Parameter(torch.tensor(float(loaded.calibration.bias)))
        self.kind = kind
        self.eval()
        for name, parameter in self.named_parameters():
            deep_and_free = part_of(name) == "deep" and parameter.requires_grad
            parameter.requires_grad = part_of(name) != "deep" or (kind == "full" and deep_and_free)

    def member(self, name: str) -> Member:
        """One of the members by its name."""
        return cast(Member, self.members[name])

    def look(self, crops: Crops) -> Features:
        """(T, 224, 224, 3) crops of one person → features; with gradients where deep layers move."""
        frames = {}
        for name in self.image_members:
            wanted = SPECS[name].preprocessing
            inputs = torch.from_numpy(to_tensor(crops, wanted.mean, wanted.std))
            frames[name] = self.member(name).forward_features(inputs.to(self.bias.device))
        return self.followed(frames)

    def followed(self, frames: Mapping[str, Tensor]) -> Features:
        """The image members' features of one person in the order of time, with what the LSTM makes of them."""
        seen = frames.get("resnext")
        if "lstm" not in self.members or seen is None or len(seen) < LSTM_MIN_FRAMES:
            return Features(frames)
        return Features(frames, self.member("lstm").forward_features(seen[None])[0])

    @property
    def image_members(self) -> list[str]:
        """The image members that this version has, in their order."""
        return [name for name in IMAGE_MEMBERS if name in self.members]

    def frame_logits(self, name: str, batch: Sequence[Features]) -> list[Tensor]:
        """One image member's (T, 2) logits of every item."""
        rows = self.member(name).forward_head(torch.cat([item.frames[name] for item in batch]))
        return list(torch.split(rows, [len(item) for item in batch]))

    def member_logits(self, batch: Sequence[Features]) -> tuple[Tensor, Tensor]:
        """(B, 4, 2) logits and (B, 4) presence, in the order of MEMBERS."""
        device = self.bias.device
        absent = torch.zeros(len(batch), 2, device=device)
        columns, present = [], []
        for name in MEMBERS:
            if name == "lstm":
                there = torch.tensor([item.course is not None for item in batch], device=device)
                columns.append(self._course_logits(batch, there))
            else:
                there = torch.full((len(batch),), name in self.members, device=device)
                known = [_robust_mean(rows) for rows in self.frame_logits(name, batch)] if name in self.members else []
                columns.append(torch.stack(known) if known else absent)
            present.append(there)
        return torch.stack(columns, dim=1), torch.stack(present, dim=1)

    def _course_logits(self, batch: Sequence[Features], there: Tensor) -> Tensor:
        logits = torch.zeros(len(batch), 2, device=there.device)
        courses = [item.course for item in batch if item.course is not None]
        if courses:
            logits = logits.masked_scatter(there[:, None], self.member("lstm").forward_head(torch.stack(courses)))
        return logits

    def forward(self, batch: Sequence[Features]) -> Tensor:
        """Calibrated log-odds of fake (B,): the sigmoid of it is P(fake)."""
        fused, _ = self.gate(*self.member_logits(batch))
        odds: Tensor = (fused[:, 1] - fused[:, 0]) / self.log_temperature.exp() + self.bias
        return odds

    def calibration(self) -> Calibration:
        """Temperature and bias as a version stores them."""
        return Calibration(math.exp(self.log_temperature.item()), self.bias.item())

    def fingerprint(self) -> str:
        """A hash over the deep layers: equal ones see the same features."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.state_dict().items()):
            if part_of(name) == "deep":
                digest.update(name.encode())
                digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def moving(self) -> Iterator[tuple[str, nn.Parameter]]:
        """The parameters that learn, by name."""
        return ((name, value) for name, value in self.named_parameters() if value.requires_grad)


def part_of(name: str) -> Part:
    """Which part of the policy a parameter belongs to."""
    if name.startswith("gate."):
        return "gate"
    if not name.startswith("members."):
        return "calibration"
    return "heads" if name.split(".", 2)[2].startswith(HEAD) else "deep"


def _robust_mean(logits: Tensor) -> Tensor:
    """(T, 2) → (2,) over the frames that `aggregation.robust_mean` keeps; which ones is no matter of gradients."""
    if len(logits) == 1:
        return logits[0]
    return logits[torch.from_numpy(steady_frames(logits.detach().cpu().numpy())).to(logits.device)].mean(dim=0)
