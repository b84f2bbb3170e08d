"""Made-up answers of two versions to the same items."""

from dataclasses import replace
from typing import Any

import numpy as np

from learning.registry.scores import HOLDOUT, Floats, Scores, together


def answers(p: Any, fake: Any, role: str = HOLDOUT, **words: Any) -> Scores:
    """Items of one set; every item is a group of its own unless `group` says otherwise."""
    values, truth = np.asarray(p, np.float64), np.asarray(fake, bool)
    count = len(values)
    path = np.array([f"{role}-{words.get('source', 'lab')}-{number}" for number in range(count)])

    def fill(name: str, default: Any) -> Any:
        value = words.get(name, default)
        return np.full(count, value) if isinstance(value, str) else np.asarray(value)

    said = np.where(values >= 0.7, "FAKE", np.where(values <= 0.3, "REAL", "INCONCLUSIVE"))
    return Scores(
        path, truth, values, fill("said", said), fill("source", "lab"), fill("family", "swap"),
        fill("group", path), fill("set", "val"), np.full(count, role),
    )  # fmt: skip


def population(count: int = 200, apart: float = 1.5, seed: int = 0, **words: Any) -> Scores:
    """As many fakes as reals, calibrated, whose scores overlap less the further they are `apart`."""
    rng = np.random.default_rng(seed)
    fake = np.arange(2 * count) < count
    return answers(squash(apart * rng.normal(np.where(fake, apart, -apart) / 2, 1)), fake, **words)


def squash(logits: Any) -> Floats:
    """Logits to probabilities."""
    return np.asarray(1 / (1 + np.exp(-np.asarray(logits, np.float64))))


def sharper(scores: Scores, by: float = 0.3) -> Scores:
    """The same with every answer moved towards the truth: better on every item."""
    logits = np.log(scores.p / (1 - scores.p)) + np.where(scores.fake, by, -by)
    return replace(scores, p=squash(logits))


def both(*parts: Scores) -> Scores:
    """Below each other."""
    return together(parts)
