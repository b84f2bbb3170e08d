"""Distillation without a second look: what the ViT answered while it learned is what the smaller members learn from.

Hinton, Vinyals & Dean, "Distilling the Knowledge in a Neural Network" (2015). A pair of pictures is a function of the
seed and its number alone, so that a student that is shown pair n sees the very pictures on which the teacher's answer
to pair n was written down: the teacher is never run for its students.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 2.0
SHARE = 0.5  # of the loss; the labels have the rest


class Notes:
    """A teacher's logits (pairs, 2, 2) by the number of the pair, [real, fake] pictures; NaN where none is known."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known = _read(path)

    @property
    def pairs(self) -> int:
        """One more than the number of the last pair that was answered."""
        answered = np.flatnonzero(np.isfinite(self._known[:, 0, 0]))
        return int(answered[-1]) + 1 if len(answered) else 0

    def write(self, first: int, logits: Tensor) -> None:
        """Keeps the answers (2 n, 2) to the pairs from number `first` on; `save` puts them on disk."""
        answers = logits.detach().float().cpu().numpy().reshape(-1, 2, 2)
        missing = first + len(answers) - len(self._known)
        if missing > 0:
            room = np.full((max(missing, len(self._known)), 2, 2), np.nan, np.float32)
            self._known = np.concatenate([self._known, room])
        self._known[first : first + len(answers)] = answers

    def save(self) -> None:
        """Temporary file, then rename: what is read again is whole."""
        part = self.path.with_suffix(".part")
        with part.open("wb") as file:
            np.save(file, self._known)
        part.rename(self.path)

    def read(self, first: int, count: int) -> Tensor:
        """(2 count, 2): the answers to `count` pairs from number `first` on."""
        found = np.full((count, 2, 2), np.nan, np.float32)
        part = self._known[first : first + count]
        found[: len(part)] = part
        return torch.from_numpy(found.reshape(-1, 2))


def _read(path: Path) -> NDArray[np.float32]:
    if not path.exists():
        return np.full((0, 2, 2), np.nan, np.float32)
    known: NDArray[np.float32] = np.load(path, allow_pickle=False)
    return known


def loss(logits: Tensor, labels: Tensor, teacher: Tensor | None, smoothing: float) -> Tensor:
    """Cross-entropy against the labels (B,), and where the teacher's logits (B, 2) are known, its softened answer."""
    hard = functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
    if teacher is None:
        return hard.mean()
    known = teacher.isfinite().all(dim=1)
    wanted = (teacher.nan_to_num() / TEMPERATURE).softmax(dim=1)
    said = (logits / TEMPERATURE).log_softmax(dim=1)
    soft = functional.kl_div(said, wanted, reduction="none").sum(dim=1) * TEMPERATURE**2
    return torch.where(known, (1 - SHARE) * hard + SHARE * soft, hard).mean()
