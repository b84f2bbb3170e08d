"""Score files side by side: what a champion and a candidate answered on the same frozen items. Light: numpy and csv."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Words = NDArray[np.str_]
HOLDOUT, REGRESSION, CANARY, FIT = "holdout", "regression", "canary", "fit"
COLUMNS = ("path", "label", "source", "family", "group", "status", "p_fake", "label_given")


class ScoresError(Exception):
    """Score files that cannot be compared: `bad_scores`, `score_mismatch`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Scores:
    """One version's answers, all arrays (N,); `p` is NaN where there is none.

    `set` names the frozen set, `role` what it is for: holdout, regression (decided by moderators, held out), canary, or
    fit (decided by moderators, open to training).
    """

    path: Words
    fake: Flags
    p: Floats
    said: Words  # the label that people would be shown
    source: Words
    family: Words
    group: Words
    set: Words
    role: Words

    def __len__(self) -> int:
        return len(self.path)

    def key(self, index: int) -> tuple[str, ...]:
        """What makes an item the same in two score files."""
        words = (self.set, self.source, self.path)
        return (*(str(word[index]) for word in words), str(bool(self.fake[index])))


@dataclass(frozen=True, slots=True)
class Pair:
    """The same items in the same order; only those that both answered. `lost` are those that only the champion did."""

    champion: Scores
    candidate: Scores
    lost: int

    @property
    def fake(self) -> Flags:
        """The truth (N,)."""
        return self.champion.fake

    def where(self, chosen: Flags) -> "Pair":
        """Some of the items."""
        return Pair(select(self.champion, chosen), select(self.candidate, chosen), 0)

    def of(self, *roles: str) -> "Pair":
        """The items of these roles."""
        return self.where(np.isin(self.champion.role, roles))


def read(path: Path, name: str, role: str) -> Scores:
    """A scores.csv as the frozen set `name` with its role. Raises ScoresError `bad_scores`."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        p = np.array([float(row["p_fake"]) if row["status"] == "ok" else np.nan for row in rows], np.float64)
        words = {column: np.array([row[column] for row in rows], dtype=np.str_) for column in COLUMNS}
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise ScoresError("bad_scores", f"{path}: {error}") from error
    if not np.isin(words["label"], ("real", "fake")).all() or ((p < 0) | (p > 1)).any():
        raise ScoresError("bad_scores", f"{path}: wants label real|fake and P(fake) from 0 to 1")
    group = np.where(words["group"] == "", words["path"], words["group"])
    source = words["source"]
    same = [np.full(len(rows), value) for value in (name, role)]
    return Scores(
        words["path"], words["label"] == "fake", p, words["label_given"], source, words["family"], group, *same
    )


def select(scores: Scores, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Scores:
    """Some of the rows, by flag or by position."""
    return Scores(*(getattr(scores, name)[chosen] for name in Scores.__slots__))


def together(parts: Sequence[Scores]) -> Scores:
    """Several sets below each other."""
    return Scores(*(np.concatenate([getattr(part, name) for part in parts]) for name in Scores.__slots__))


def pair(champion: Scores, candidate: Scores) -> Pair:
    """Puts both in one order. Raises ScoresError `score_mismatch` where they are not about the same items."""
    places = {candidate.key(index): index for index in range(len(candidate))}
    keys = [champion.key(index) for index in range(len(champion))]
    if len(places) != len(candidate) or len(set(keys)) != len(keys) or set(keys) != set(places):
        odd = sorted(set(keys) ^ set(places))[:3]
        raise ScoresError("score_mismatch", f"the two score files are about different items: {odd or 'some twice'}")
    other = select(candidate, np.array([places[key] for key in keys], np.intp))
    known, answered = ~np.isnan(champion.p), ~np.isnan(other.p)
    both = known & answered
    return Pair(select(champion, both), select(other, both), int((known & ~answered).sum()))
