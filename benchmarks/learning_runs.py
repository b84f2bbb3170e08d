"""What the three learning benchmarks share: looking at items once, learning as a run does, answering."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.learning_data import World, features, lessons, store_for
from learning.registry.scores import Scores
from ml_core.checkpoints import LoadedVersion
from ml_core.training.feedback import Example, FineTuning, Lessons, Outcome, Settings, split_replay
from ml_core.training.lessons import Lesson
from ml_core.training.manifest import Item
from ml_core.training.policy import Features, Policy
from ml_core.training.progress import load
from ml_core.verdict import LABELS

Known = list[tuple[Example, Item]]
HELD_OUT_EVERY = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """The world as the champion sees it."""

    confirmed: Known
    others: Known
    replay: Known
    old: Known

    @property
    def others_with_reals(self) -> Known:
        """The kind beside the real photographs of the base data: a slice needs both classes."""
        return [*self.others, *(pair for pair in self.old if not pair[0].lesson.fake)]


def seen_by(champion: Policy, world: World, folder: Path) -> Seen:
    """Features from the folder, or computed now."""
    store = store_for(folder, champion)
    parts = []
    for name in ("confirmed", "others", "replay", "old"):
        items: list[Item] = getattr(world, name)
        by_name = dict(zip([item.path for item in items], lessons(items), strict=True))
        parts.append(
            [(_example(champion, by_name[item.path], seen), item) for item, seen in features(store, items, name)]
        )
    return Seen(*parts)


@torch.no_grad()
def _example(champion: Policy, lesson: Lesson, seen: Features) -> Example:
    return Example(lesson, seen, champion([seen]).item())


def learn(
    loaded: LoadedVersion,
    confirmed: Known,
    replay: Known,
    folder: Path,
    settings: Settings | None = None,
    keep_last: bool = False,
) -> tuple[Policy, Outcome]:
    """A small run with the platform's own settings, every fifth confirmed item held out; or every step kept."""
    policy = Policy(loaded)
    labelled = [example for example, _ in confirmed]
    held = labelled[::HELD_OUT_EVERY]
    train = [example for place, example in enumerate(labelled) if place % HELD_OUT_EVERY]
    to_learn, to_measure = split_replay([example for example, _ in replay])
    checkpoint = folder / "checkpoint.safetensors"
    tuning = FineTuning(policy, Lessons(train, held, to_learn, to_measure), settings or Settings(), checkpoint)
    outcome = tuning.run(lambda step: None, lambda look: None)
    if keep_last:
        load(checkpoint, dict(policy.moving()))
    return policy, outcome


@torch.no_grad()
def p_fake(policy: Policy, known: Known) -> NDArray[np.float64]:
    """P(fake) of every item, each by itself."""
    return np.array([torch.sigmoid(policy([example.features])).item() for example, _ in known])


def scores_of(policy: Policy, loaded: LoadedVersion, known: Known, name: str) -> Scores:
    """The answers as a score file's rows, for the gate."""
    p = p_fake(policy, known)
    items = [item for _, item in known]

    def words(values: Sequence[str]) -> NDArray[np.str_]:
        return np.array(values, dtype=np.str_)

    return Scores(
        path=words([str(item.path) for item in items]),
        fake=np.array([item.fake for item in items]),
        p=p,
        said=words([LABELS[loaded.bands.band(float(value))] for value in p]),
        source=words([item.source for item in items]),
        family=words([item.family for item in items]),
        group=words([item.group or str(item.path) for item in items]),
        set=words([name] * len(items)),
        role=words(["holdout"] * len(items)),
    )
