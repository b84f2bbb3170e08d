"""Temperature scaling: from the fused logits to a probability that means what it says.

Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), with a bias towards fake added to the temperature.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Calibration:
    """P(fake) = softmax(logits / temperature + (0, bias))[1]."""

    temperature: float = 2.0  # where the fit starts
    bias: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.temperature) and self.temperature > 0 and np.isfinite(self.bias)):
            raise ValueError(f"temperature must be positive and finite: {self}")

    def p_fake(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Fused logits (..., 2) [real, fake] → calibrated P(fake) (...)."""
        return _sigmoid(_margin(logits) / self.temperature + self.bias)

    def member_p_fake(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """One member's own logits (..., 2) → its P(fake) (...), at the ensemble's temperature and without the bias."""
        return _sigmoid(_margin(logits) / self.temperature)


def _margin(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    values = np.asarray(logits, np.float64)
    return np.asarray(values[..., 1] - values[..., 0], np.float64)


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The softmax of two logits, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)), np.float64)
