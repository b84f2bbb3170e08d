"""From a calibrated probability to a band, a label and a sentence.

The words are fixed: they can be copied, compared and translated. The edges belong to the model version, whose
calibration on `val` chose them.
"""

from dataclasses import asdict, dataclass

from ml_core.datatypes import Label


@dataclass(frozen=True, slots=True)
class Bands:
    """Edges on P(fake): REAL up to `real`, INCONCLUSIVE between, FAKE from `fake`; beyond `strong_…` it is strong."""

    strong_real: float = 0.10
    real: float = 0.30
    fake: float = 0.70
    strong_fake: float = 0.90

    def __post_init__(self) -> None:
        if not 0 <= self.strong_real <= self.real <= self.fake <= self.strong_fake <= 1:
            raise ValueError(f"band edges must rise from 0 to 1: {asdict(self)}")

    def band(self, p_fake: float) -> str:
        """The band that a calibrated P(fake) falls into."""
        if p_fake >= self.fake:
            return "strong_fake" if p_fake >= self.strong_fake else "fake"
        if p_fake <= self.real:
            return "strong_real" if p_fake <= self.strong_real else "real"
        return "inconclusive"


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
