"""The gate, the temperature and the bands: fitted on `val`, which no member has trained on.

Sources and classes weigh the same, however many items they have. The calibration and the bands are fitted on answers
of gates that did not see the item (two folds by group); the gate that ships is fitted on all of `val`. Sources of real
photographs alone teach neither gate nor calibration: the false alarms on them bound the threshold.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ml_core.calibration import Calibration
from ml_core.datatypes import MEMBERS
from ml_core.models.ensemble import Gate
from ml_core.training import metrics
from ml_core.training.answers import Answers
from ml_core.verdict import Bands, disagreement

STEPS = 400
RATE = 0.01
DECAY = 0.01
DROP = 0.25  # chance that a member is absent in a step of the fit: the gate must do without any of them
ACCURACY_WANTED = 0.95
ALARMS = 0.05  # of the real items, over all sources and on each of them
ENOUGH_REALS = 40  # fewer in a source: its share of false alarms would be a matter of luck
SHAPES = ("learned", "constant")
WIDEST = 0.98
WIDENINGS = (0.0, 0.25, 0.5, 1.0, 2.0)  # how far disagreement may move the edges


@dataclass(frozen=True, slots=True)
class Judged:
    """Calibrated P(fake) (N,) and the members' disagreement (N,)."""

    p: NDArray[np.float64]
    doubt: NDArray[np.float64]

    def where(self, chosen: NDArray[np.bool_]) -> "Judged":
        """Some of them."""
        return Judged(self.p[chosen], self.doubt[chosen])

    def against(self, widen: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What to compare with the FAKE and with the REAL edge, instead of moving the edges (`Bands.widened`)."""
        room = 1 - np.minimum(1.0, widen * self.doubt)
        with np.errstate(divide="ignore", invalid="ignore"):
            fake = np.where(room > 0, 1 - (1 - self.p) / room, -np.inf)
            real = np.where(room > 0, self.p / room, np.inf)
        return fake, real


@dataclass(frozen=True, slots=True)
class Fitted:
    """What `val` decided. `shape` is the gate's: "learned", or "constant" where that was better."""

    gate: Gate
    calibration: Calibration
    bands: Bands
    shape: str = "learned"


def balance(answers: Answers) -> NDArray[np.float64]:
    """(N,) weights of mean one under which every source, and each class in it, weighs the same."""
    keys = [(item.source, item.fake) for item in answers.items]
    counts = {key: keys.count(key) for key in set(keys)}
    weights = np.array([1 / counts[key] for key in keys])
    return np.asarray(weights / weights.mean(), np.float64)


def fit(answers: Answers, seed: int = 0) -> Fitted:
    """Gate, calibration and bands from the answers on `val`. Raises ValueError where a class is missing."""
    paired, alone = _by_pairing(answers)
    if not len(paired.items):
        raise ValueError("the gate needs real and fake items of one source in the split `val`")
    weights = balance(paired)
    crossed = {shape: _cross_fitted(paired, weights, seed, shape) for shape in SHAPES}
    shape = max(SHAPES, key=lambda name: least_gain(paired, crossed[name][0]))
    gate = fit_gate(paired, weights, seed, shape)
    calibration = fit_calibration(crossed[shape][0], paired.truth, weights)
    judged = _judged(paired, calibration, *crossed[shape])
    reals = [*_reals(paired, judged), *_reals(alone, _judged(alone, calibration, *fuse(gate, alone)))]
    return Fitted(gate, calibration, choose_bands(judged, paired.truth, weights, reals), shape)


def _judged(
    answers: Answers, calibration: Calibration, fused: NDArray[np.float32], gates: NDArray[np.float32]
) -> Judged:
    """Calibrated P(fake) and disagreement, as the product would measure them."""
    p = calibration.member_p_fake(answers.logits)
    rows = zip(p, gates, answers.present, strict=True)
    doubt = [disagreement(list(zip(row[seen], gate[seen], strict=True))) for row, gate, seen in rows]
    return Judged(calibration.p_fake(fused), np.array(doubt, np.float64))


def _by_pairing(answers: Answers) -> tuple[Answers, Answers]:
    """The items of sources with both classes, and those of real photographs alone."""
    kinds = {(item.source, item.fake) for item in answers.items}
    both = {source for source, fake in kinds if (source, not fake) in kinds}
    inside = [index for index, item in enumerate(answers.items) if item.source in both]
    outside = [i for i, item in enumerate(answers.items) if item.source not in both and not item.fake]
    return answers.where(inside), answers.where(outside)


def _reals(answers: Answers, judged: Judged) -> list[Judged]:
    """The real items, one part a source; a source of few says too little to bound anything."""
    sources = np.array([item.source for item in answers.items])
    parts = [judged.where((sources == source) & ~answers.truth) for source in sorted(set(sources.tolist()))]
    return [part for part in parts if len(part.p) >= ENOUGH_REALS]


def least_gain(answers: Answers, fused: NDArray[np.float32]) -> float:
    """The smallest difference over the sources between the AUC of the fused logits and that of the best member."""
    sources = np.array([item.source for item in answers.items])
    gains = []
    for source in sorted(set(sources.tolist())):
        inside = sources == source
        best = max(_auc(answers, answers.logits[:, m], inside & answers.present[:, m]) for m in range(len(MEMBERS)))
        gains.append(_auc(answers, fused, inside) - best)
    return min(gains)


def _auc(answers: Answers, logits: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    """AUC over the chosen items; one half where a class is missing."""
    raw = logits[inside].astype(np.float64)
    value = metrics.auc(answers.truth[inside], raw[:, 1] - raw[:, 0])
    return 0.5 if np.isnan(value) else value


def _cross_fitted(
    answers: Answers, weights: NDArray[np.float64], seed: int, shape: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fused logits (N, 2) and weights (N, 4), each from a gate that was fitted on the other half of the groups."""
    fold = np.array([hashlib.sha256(item.group.encode()).digest()[0] % 2 for item in answers.items])
    fused, gates = np.zeros((len(fold), 2), np.float32), np.zeros((len(fold), len(MEMBERS)), np.float32)
    for number in (0, 1):
        inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        gate = fit_gate(answers.where(inside.tolist()), weights[inside], seed, shape)
        fused[outside], gates[outside] = fuse(gate, answers.where(outside.tolist()))
    return fused, gates


def fit_gate(answers: Answers, weights: NDArray[np.float64], seed: int, shape: str = "learned") -> Gate:
    """A gate under weighted cross-entropy, members missing at random.

    A "constant" one gives each member the same weight on every item: its last layer has a bias alone.
    """
    torch.manual_seed(seed)
    gate = Gate().train()
    if shape == "constant":
        gate.make_constant()
    logits, present = torch.from_numpy(answers.logits), torch.from_numpy(answers.present)
    truth, weight = torch.from_numpy(answers.truth.astype(np.int64)), torch.from_numpy(weights).float()
    learned = [parameter for parameter in gate.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=RATE, weight_decay=DECAY)
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


def choose_bands(
    judged: Judged, truth: NDArray[np.bool_], weights: NDArray[np.float64], reals: Sequence[Judged] = ()
) -> Bands:
    """The narrowest INCONCLUSIVE region whose outside is right often enough.

    FAKE starts at the lowest edge ≥ 0.5 above which 95 % (weighted) are fake, and which at most 5 % of the reals
    reach, of all and of each source in `reals`; REAL ends at the highest edge ≤ 0.5 below which 95 % are real. Never
    beyond 0.98 and 0.02. How far disagreement moves the edges is what decides most items; the farthest at a tie.
    """
    found = [_bands(judged, truth, weights, [judged.where(~truth), *reals], widen) for widen in WIDENINGS]
    return max(found, key=lambda bands: (_coverage(judged, bands, weights), bands.widen))


def _bands(
    judged: Judged, truth: NDArray[np.bool_], weights: NDArray[np.float64], reals: Sequence[Judged], widen: float
) -> Bands:
    fakeness, realness = judged.against(widen)
    quiet = [part.against(widen)[0] for part in reals]
    edges = np.round(np.arange(0.5, WIDEST + 0.005, 0.01), 2).tolist()
    fake = next((e for e in edges if _pure(fakeness >= e, truth, weights) and _alarms(quiet, e) <= ALARMS), WIDEST)
    real = next((e for e in edges if _pure(realness <= round(1 - e, 2), ~truth, weights)), WIDEST)
    low = round(1 - real, 2)
    return Bands(min(0.10, low), low, fake, max(0.90, fake), widen)


def _coverage(judged: Judged, bands: Bands, weights: NDArray[np.float64]) -> float:
    """The weighted share of the items that is decided."""
    fakeness, realness = judged.against(bands.widen)
    return round(float(weights[(fakeness >= bands.fake) | (realness <= bands.real)].sum() / weights.sum()), 6)


def _pure(inside: NDArray[np.bool_], wanted: NDArray[np.bool_], weights: NDArray[np.float64]) -> bool:
    total = weights[inside].sum()
    return bool(total > 0 and weights[inside & wanted].sum() / total >= ACCURACY_WANTED)


def _alarms(reals: Sequence[NDArray[np.float64]], edge: float) -> float:
    """The largest share of real items, over the sources, that reaches the edge."""
    return max((float((part >= edge).mean()) for part in reals if len(part)), default=0.0)
