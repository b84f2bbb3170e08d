"""From a calibrated probability to a band, a label and a sentence.

The words are fixed: they can be copied, compared and translated. The edges belong to the model version, whose
calibration on `val` chose them. Members that disagree move the edges apart.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from ml_core.datatypes import Label


@dataclass(frozen=True, slots=True)
class Bands:
    """Edges on P(fake): REAL up to `real`, INCONCLUSIVE between, FAKE from `fake`; beyond `strong_…` it is strong.

    `widen` says how far members that disagree altogether move the inner edges: 0 not at all, 1 to the ends.
    """

    strong_real: float = 0.10
    real: float = 0.30
    fake: float = 0.70
    strong_fake: float = 0.90
    widen: float = 0.0

    def __post_init__(self) -> None:
        rising = 0 <= self.strong_real <= self.real <= self.fake <= self.strong_fake <= 1
        if not rising or self.widen < 0:
            raise ValueError(f"band edges must rise from 0 to 1: {asdict(self)}")

    def widened(self, disagreement: float) -> "Bands":
        """The bands of an item on whose members `disagreement` in [0, 1] was measured."""
        doubt = min(1.0, self.widen * disagreement)
        real, fake = self.real * (1 - doubt), self.fake + (1 - self.fake) * doubt
        return replace(
            self, strong_real=min(self.strong_real, real), real=real, fake=fake, strong_fake=max(self.strong_fake, fake)
        )

    def band(self, p_fake: float) -> str:
        """The band that a calibrated P(fake) falls into."""
        if p_fake >= self.fake:
            return "strong_fake" if p_fake >= self.strong_fake else "fake"
        if p_fake <= self.real:
            return "strong_real" if p_fake <= self.strong_real else "real"
        return "inconclusive"


def disagreement(scores: Sequence[tuple[float, float]]) -> float:
    """(P(fake), gate weight) of the members that answered → twice their weighted standard deviation, in [0, 1].

    0: all say the same. 1: one half of the weight says 0, the other half 1. Members that the gate does not listen to
    count for as little as they do in the verdict; where it listens to none, all count alike.
    """
    total = sum(weight for _, weight in scores)
    shares = [(p, weight / total if total > 0 else 1 / len(scores)) for p, weight in scores]
    mean = sum(share * p for p, share in shares)
    return min(1.0, 2.0 * math.sqrt(sum(share * (p - mean) ** 2 for p, share in shares)))


LABELS: dict[str, Label] = {
    "strong_fake": "FAKE",
    "fake": "FAKE",
    "inconclusive": "INCONCLUSIVE",
    "real": "REAL",
    "strong_real": "REAL",
    "not_applicable": "NOT_APPLICABLE",
}

SENTENCES: dict[str, str] = {
    "strong_fake": "Strong evidence of manipulation.",
    "fake": "Evidence of manipulation.",
    "inconclusive": "The evidence points both ways. Treat this as unknown.",
    "real": "Little evidence of manipulation. This does not prove that it is authentic.",
    "strong_real": "No evidence of manipulation found. This does not prove that it is authentic.",
    "not_applicable": "The detector cannot judge this.",
}

REASONS: dict[str, str] = {
    "no_face": "No face was found. Upload a picture in which a face is larger, sharper or turned to the camera.",
    "face_too_small": "The face is too small to judge. Upload a larger version, or a picture taken closer.",
    "too_blurry": "The face is too blurred to judge. Upload the sharpest version that you can find.",
}
