"""The gate, the temperature and the bands: fitted on `val`, which no member has trained on.

Sources and classes weigh the same, however many items they have. The calibration and the bands are fitted on answers
of gates that did not see the item (two folds by group); the gate that ships is fitted on all of `val`.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ml_core.calibration import Calibration
from ml_core.datatypes import MEMBERS
from ml_core.models.ensemble import Gate
from ml_core.training.answers import Answers
from ml_core.verdict import Bands

STEPS = 400
RATE = 0.01
DECAY = 0.01
DROP = 0.25  # chance that a member is absent in a step of the fit: the gate must do without any of them
ACCURACY_WANTED = 0.95
FALSE_ALARMS_ALLOWED = 0.05
WIDEST = 0.98


@dataclass(frozen=True, slots=True)
class Fitted:
    """What `val` decided."""

    gate: Gate
    calibration: Calibration
    bands: Bands


def balance(answers: Answers) -> NDArray[np.float64]:
    """(N,) weights of mean one under which every source, and each class in it, weighs the same."""
    keys = [(item.source, item.fake) for item in answers.items]
    counts = {key: keys.count(key) for key in set(keys)}
    weights = np.array([1 / counts[key] for key in keys])
    return np.asarray(weights / weights.mean(), np.float64)


def fit(answers: Answers, seed: int = 0) -> Fitted:
    """Gate, calibration and bands from the answers on `val`. Raises ValueError where a class is missing."""
    if answers.truth.all() or not answers.truth.any():
        raise ValueError("the gate needs real and fake items in the split `val`")
    weights = balance(answers)
    held_out = _cross_fitted(answers, weights, seed)
    calibration = fit_calibration(held_out, answers.truth, weights)
    bands = choose_bands(calibration.p_fake(held_out), answers.truth, weights)
    return Fitted(fit_gate(answers, weights, seed), calibration, bands)


def _cross_fitted(answers: Answers, weights: NDArray[np.float64], seed: int) -> NDArray[np.float32]:
    """Fused logits (N, 2), each from a gate that was fitted on the other half of the groups."""
    fold = np.array([hashlib.sha256(item.group.encode()).digest()[0] % 2 for item in answers.items])
    fused = np.zeros((len(fold), 2), np.float32)
    for number in (0, 1):
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        gate = fit_gate(answers.where(inside.tolist()), weights[inside], seed)
        fused[outside] = fuse(gate, answers.where(outside.tolist()))[0]
    return fused


def fit_gate(answers: Answers, weights: NDArray[np.float64], seed: int) -> Gate:
    """A gate under weighted cross-entropy, members missing at random."""
    torch.manual_seed(seed)
    gate = Gate().train()
    logits, present = torch.from_numpy(answers.logits), torch.from_numpy(answers.present)
    truth, weight = torch.from_numpy(answers.truth.astype(np.int64)), torch.from_numpy(weights).float()
    optimizer = torch.optim.AdamW(gate.parameters(), lr=RATE, weight_decay=DECAY)
    for _ in range(STEPS):
        fused, _ = gate(logits, _some_missing(present))
        loss = (functional.cross_entropy(fused, truth, reduction="none") * weight).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships it without annotations
        optimizer.step()
    return gate.eval()


def _some_missing(present: Tensor) -> Tensor:
    """Members dropped at random; an item that would lose all of them keeps all."""
    kept = present & (torch.rand(present.shape) >= DROP)
    return torch.where(kept.any(dim=1, keepdim=True), kept, present)


@torch.inference_mode()
def fuse(gate: Gate, answers: Answers) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fused logits (N, 2) and the members' weights (N, 4)."""
    if not len(answers.items):
        return np.zeros((0, 2), np.float32), np.zeros((0, len(MEMBERS)), np.float32)
    fused, weights = gate(torch.from_numpy(answers.logits), torch.from_numpy(answers.present))
    return fused.numpy(), weights.numpy()


def fit_calibration(logits: NDArray[np.float32], truth: NDArray[np.bool_], weights: NDArray[np.float64]) -> Calibration:
    """Temperature and bias of least weighted cross-entropy, from temperature 2 (L-BFGS)."""
    start = Calibration()
    margin = torch.from_numpy((logits[:, 1] - logits[:, 0]).astype(np.float64))
    target, weight = torch.from_numpy(truth.astype(np.float64)), torch.from_numpy(weights)
    values = torch.tensor([np.log(start.temperature), start.bias], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([values], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        raw = margin / values[0].exp() + values[1]
        loss = functional.binary_cross_entropy_with_logits(raw, target, weight=weight)
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships it without annotations
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]  # torch ships it without annotations
    logarithm, bias = values.detach().tolist()
    return Calibration(float(np.exp(logarithm)), bias)


def choose_bands(p: NDArray[np.float64], truth: NDArray[np.bool_], weights: NDArray[np.float64]) -> Bands:
    """The narrowest INCONCLUSIVE region whose outside is right often enough.

    FAKE starts at the lowest edge ≥ 0.5 above which 95 % (weighted) are fake and at most 5 % of the reals lie; REAL
    ends at the highest edge ≤ 0.5 below which 95 % are real. Never beyond 0.98 and 0.02.
    """
    edges = np.round(np.arange(0.5, WIDEST + 0.005, 0.01), 2)
    fake = next((float(e) for e in edges if _clean(p >= e, truth, weights, p, e)), WIDEST)
    real = next((float(e) for e in np.round(1 - edges, 2) if _pure(p <= e, ~truth, weights)), round(1 - WIDEST, 2))
    return Bands(min(0.10, real), real, fake, max(0.90, fake))


def _pure(inside: NDArray[np.bool_], wanted: NDArray[np.bool_], weights: NDArray[np.float64]) -> bool:
    total = weights[inside].sum()
    return bool(total > 0 and weights[inside & wanted].sum() / total >= ACCURACY_WANTED)


def _clean(
    inside: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    weights: NDArray[np.float64],
    p: NDArray[np.float64],
    edge: float,
) -> bool:
    alarms = weights[~truth & (p >= edge)].sum() / weights[~truth].sum()
    return _pure(inside, truth, weights) and bool(alarms <= FALSE_ALARMS_ALLOWED)
