"""From the answers on single faces to the one person and the one set of logits that decide the media."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

TRIM_SHARE = 0.2  # of the frames, left out at each end: a closed eye or a cut to another scene must not decide
LSTM_MIN_FRAMES = 4  # below this there is no course over time to judge


def robust_mean(logits: Floats) -> Floats:
    """(T, 2) logits of one member over the frames of one track → (2,); the order of the frames does not matter.

    A trimmed mean: frames are ranked by how fake they look (fake minus real logit), a fifth is left out at each
    end, the rest is averaged. Whole frames are left out, so that both logits come from the same ones.
    """
    return np.asarray(logits[steady_frames(logits)].mean(axis=0, dtype=np.float64), np.float32)


def steady_frames(logits: Floats) -> NDArray[np.intp]:
    """The positions of the frames that `robust_mean` keeps, least fake first. Raises ValueError for no frames."""
    if len(logits) == 0:
        raise ValueError("a mean over no frames")
    cut = int(len(logits) * TRIM_SHARE)
    ranked = np.lexsort((logits[:, 0], logits[:, 1] - logits[:, 0]))
    return ranked[cut : len(logits) - cut]


def robust_means(logits: Floats) -> Floats:
    """(T, members, 2) → (members, 2): each member leaves out its own odd frames."""
    return np.stack([robust_mean(logits[:, member]) for member in range(logits.shape[1])])


def suspicion(scores: Iterable[tuple[int, float]]) -> dict[int, float]:
    """(track, P(fake) on one frame) pairs → mean P(fake) of every track."""
    seen: dict[int, list[float]] = {}
    for number, p_fake in scores:
        seen.setdefault(number, []).append(p_fake)
    return {number: float(np.mean(values)) for number, values in seen.items()}


def most_suspicious(means: Mapping[int, float], may_decide: Iterable[int]) -> int:
    """The track that decides: the highest mean P(fake) among those that may; the earlier number at a tie."""
    return max(sorted(may_decide), key=lambda number: means[number])
