"""Reinforcement from feedback: small steps from the champion towards confirmed labels, and not away from what it knew.

A step, the plain recipe: forward in evaluation mode, loss against the actual label (weighted by trust), backward,
gradient norm clipped at 1.0, one step of SGD, the prediction before and after. To it are added *replay* of base data
with its labels and the divergence KL(champion ‖ policy) on it, as in policy optimisation from human preferences
(Ziegler et al., "Fine-Tuning Language Models from Human Preferences", 2019) and learning without forgetting (Li &
Hoiem, ECCV 2016). The reward of an item is +1 where the new answer agrees with its label and −1 where not, times its
weight. The policy kept is the one that did best on held-out items, and only if it is better there than the champion.

A batch depends on seed and step alone and SGD carries no momentum: a run that was killed goes on to the bit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.training.conditioning import Conditioner
from ml_core.training.lessons import Lesson
from ml_core.training.policy import Features, Kind, Part, Policy, part_of
from ml_core.training.progress import Progress, load, save

CLIP_NORM = 1.0
# Learning rates. 1e-5 is the plain recipe's, kept for the deep layers: with the norm clipped at 1.0 a step moves them
# by at most that. At this rate heads and gate would need a hundred thousand steps; theirs are measured
# (`python -m benchmarks.learning_useful`).
RATES: Mapping[Part, float] = {"deep": 1e-5, "heads": 0.02, "gate": 0.005, "calibration": 0.005}


class NonFinite(Exception):
    """Loss or gradient became infinite or not a number: nothing of this run is kept."""

    code = "not_finite"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run learns. `replay` items stand beside every `batch` of labelled ones."""

    kind: Kind = "small"
    epochs: int = 160
    least_steps: int = 60
    batch: int = 16
    replay: int = 64
    replay_weight: float = 1.0
    kl_weight: float = 800.0  # with less the champion's other answers move so far that the gate refuses the candidate
    rates: Mapping[Part, float] = field(default_factory=lambda: dict(RATES))
    seed: int = 1
    save_every: int = 20

    def steps(self, items: int) -> int:
        """How many steps a run over so many labelled items takes."""
        return max(self.least_steps, self.epochs * -(-items // self.batch))


@dataclass(frozen=True, slots=True)
class Example:
    """A lesson with its features and the champion's log-odds of fake."""

    lesson: Lesson
    features: Features
    champion: float


@dataclass(frozen=True, slots=True)
class Step:
    """What is written down at every step. `before` and `after`: mean P(actual label) of the labelled items in it."""

    number: int
    loss: float
    kl: float
    grad_norm: float
    reward: float
    before: float
    after: float
    improved: int
    items: int


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the held-out items: `loss` and `accuracy` on labels, `kl` on replay, `objective` what is compared."""

    step: int
    objective: float
    loss: float
    accuracy: float
    kl: float
    kept: bool


@dataclass(frozen=True, slots=True)
class Lessons:
    """What a run sees. Where nothing was held out, it is measured on what it trained on, and `Outcome` says so."""

    train: Sequence[Example]
    held_out: Sequence[Example]
    replay: Sequence[Example]
    replay_held_out: Sequence[Example]

    @property
    def judges(self) -> Sequence[Example]:
        """The labelled items that decide which policy is kept."""
        return self.held_out or self.train


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: the policy holds the best weights; `improved` says whether they beat the champion's."""

    improved: bool
    best_step: int
    steps: int
    held_out: bool
    start: Look
    best: Look


class FineTuning:
    """One run over prepared lessons; `tell_step` and `tell_look` hear of everything as it happens."""

    def __init__(
        self,
        policy: Policy,
        lessons: Lessons,
        settings: Settings,
        checkpoint: Path,
        look_live: Callable[[Lesson], Features] | None = None,
    ) -> None:
        if not lessons.train:
            raise ValueError("nothing to learn from")
        self.policy, self.lessons, self.settings, self.checkpoint = policy, lessons, settings, checkpoint
        self._live = look_live
        self._balance = class_balance(lessons, settings.replay_weight)
        self._optimizer = _optimizer(policy, settings)
        self._heads = Conditioner(policy, [one.features for one in (*lessons.train, *lessons.replay)])
        self._moving = dict(policy.moving())
        self.total = settings.steps(len(lessons.train))

    def run(self, tell_step: Callable[[Step], None], tell_look: Callable[[Look], None]) -> Outcome:
        """To the end, from the checkpoint where there is one. Raises NonFinite."""
        progress = load(self.checkpoint, self._moving) or self._begin(tell_look)
        every = self.settings.save_every
        for number in range(progress.step, self.total):
            tell_step(self._step(number))
            if (number + 1) % every == 0 or number + 1 == self.total:
                progress = self._look_and_save(progress, number + 1, tell_look)
        return self._finish(progress)

    def resumes_at(self) -> int:
        """The step that the next `run` begins with."""
        progress = load(self.checkpoint, {})
        return progress.step if progress else 0

    def _begin(self, tell_look: Callable[[Look], None]) -> Progress:
        look = self._look(0)
        tell_look(look)
        progress = Progress(0, {}, asdict(look), asdict(look), 0)
        save(self.checkpoint, self._moving, progress)
        return progress

    def _look_and_save(self, progress: Progress, step: int, tell_look: Callable[[Look], None]) -> Progress:
        look = self._look(step, progress)
        tell_look(look)
        if look.kept:
            best = {name: value.detach().clone() for name, value in self._moving.items()}
            progress = Progress(step, best, progress.start, asdict(look), step)
        else:
            progress = Progress(step, progress.weights, progress.start, progress.best, progress.best_step)
        save(self.checkpoint, self._moving, progress)
        return progress

    def _finish(self, progress: Progress) -> Outcome:
        if progress.best_step:
            with torch.no_grad():
                for name, value in progress.weights.items():
                    self._moving[name].copy_(value)
        start, best = Look(**progress.start), Look(**progress.best)
        return Outcome(progress.best_step > 0, progress.best_step, self.total, bool(self.lessons.held_out), start, best)

    def _step(self, number: int) -> Step:
        batch, replay = self._draw(number)
        labels, weights = _labels(batch), self._weights(batch)
        self._optimizer.zero_grad(set_to_none=True)
        before = self._odds(batch)
        loss = _mean(entropy(before, labels), weights)
        kl = self._kept_near_the_champion(replay, loss)
        self._heads.standardise()
        norm = float(nn.utils.clip_grad_norm_(list(self._moving.values()), CLIP_NORM))
        self._heads.restore()
        if not np.isfinite(norm) or not np.isfinite(loss.item()):
            raise NonFinite(f"step {number}: loss {loss.item()}, gradient norm {norm}")
        self._optimizer.step()
        with torch.no_grad():
            after = self._odds(batch)
        return _step(number, loss.item(), kl, norm, before.detach(), after, labels, _trust(batch))

    def _kept_near_the_champion(self, replay: Sequence[Example], loss: Tensor) -> float:
        """Backward through the whole objective; gives the KL on the replay."""
        settings = self.settings
        if not replay:
            loss.backward()  # type: ignore[no-untyped-call]  # torch ships it without annotations
            return 0.0
        odds, labels, weights = self._odds(replay), _labels(replay), self._weights(replay)
        known = _mean(entropy(odds, labels), weights)
        kl = divergence(_champion(replay), odds).mean()
        total = loss + settings.replay_weight * known + settings.kl_weight * kl
        total.backward()  # type: ignore[no-untyped-call]  # torch ships it without annotations
        return kl.item()

    def _draw(self, number: int) -> tuple[list[Example], list[Example]]:
        """Labelled items epoch by epoch in a new order, replay at random: by seed and step alone."""
        settings, train, replay = self.settings, self.lessons.train, self.lessons.replay
        per_epoch = -(-len(train) // settings.batch)
        epoch, place = divmod(number, per_epoch)
        order = np.random.default_rng([settings.seed, epoch]).permutation(len(train))
        picked = order[place * settings.batch : (place + 1) * settings.batch]
        if not replay:
            return [train[i] for i in picked], []
        beside = np.random.default_rng([settings.seed, number, 1]).integers(0, len(replay), settings.replay)
        return [train[i] for i in picked], [replay[i] for i in beside]

    @torch.no_grad()
    def answer(self, example: Example) -> Tensor:
        """The policy's log-odds of fake on one item, ()."""
        return self._odds([example])[0]

    def _odds(self, examples: Sequence[Example]) -> Tensor:
        live = self._live
        features = [live(example.lesson) if live else example.features for example in examples]
        odds: Tensor = self.policy(features)
        return odds

    @torch.no_grad()
    def _look(self, step: int, progress: Progress | None = None) -> Look:
        """Kept is what beats the best objective so far and the champion's loss on the held-out labels."""
        judges, replay, settings = self.lessons.judges, self.lessons.replay_held_out, self.settings
        odds, labels, weights = self._in_parts(judges), _labels(judges), self._weights(judges)
        loss = _mean(entropy(odds, labels), weights).item()
        accuracy = _mean(((odds > 0) == (labels > 0.5)).float(), weights).item()
        known = kl = 0.0
        if replay:
            again = self._in_parts(replay)
            known = _mean(
                entropy(again, _labels(replay)),
                self._weights(replay),
            ).item()
            kl = divergence(_champion(replay), again).mean().item()
        objective = loss + settings.replay_weight * known + settings.kl_weight * kl
        kept = progress is not None and objective < progress.best["objective"] and loss < progress.start["loss"]
        return Look(step, objective, loss, accuracy, kl, kept)

    def _weights(self, examples: Sequence[Example]) -> Tensor:
        return torch.tensor([one.lesson.weight * self._balance[one.lesson.fake] for one in examples])

    def _in_parts(self, examples: Sequence[Example]) -> Tensor:
        size = self.settings.batch + self.settings.replay
        return torch.cat([self._odds(examples[i : i + size]) for i in range(0, len(examples), size)])


def _optimizer(policy: Policy, settings: Settings) -> torch.optim.SGD:
    groups: dict[Part, list[nn.Parameter]] = {}
    for name, parameter in policy.moving():
        groups.setdefault(part_of(name), []).append(parameter)
    return torch.optim.SGD([{"params": group, "lr": settings.rates[part]} for part, group in groups.items()], lr=1e-5)


def _labels(examples: Sequence[Example]) -> Tensor:
    return torch.tensor([float(example.lesson.fake) for example in examples])


def _trust(examples: Sequence[Example]) -> Tensor:
    return torch.tensor([example.lesson.weight for example in examples])


def class_balance(lessons: Lessons, replay_weight: float) -> tuple[float, float]:
    """Factors for (real, fake) under which both weigh the same in the whole objective; (1, 1) where one is missing.

    People report what was missed, and that is fakes: without this a run would learn to call everything fake.
    """
    parts = [(lessons.train, 1.0), (lessons.replay, replay_weight)]
    mass = [0.0, 0.0]
    for examples, share in parts:
        total = sum(example.lesson.weight for example in examples)
        for example in examples:
            mass[example.lesson.fake] += share * example.lesson.weight / total
    if not min(mass):
        return 1.0, 1.0
    real, fake = (sum(mass) / 2 / one for one in mass)
    return real, fake


def _champion(examples: Sequence[Example]) -> Tensor:
    return torch.tensor([example.champion for example in examples])


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=1e-9)


def entropy(odds: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy in nats, element by element."""
    return functional.binary_cross_entropy_with_logits(odds, labels, reduction="none")


def divergence(champion: Tensor, policy: Tensor) -> Tensor:
    """KL(champion ‖ policy) in nats of two Bernoulli distributions given by their log-odds, element by element."""
    p = torch.sigmoid(champion)
    on = functional.logsigmoid(champion) - functional.logsigmoid(policy)
    off = functional.logsigmoid(-champion) - functional.logsigmoid(-policy)
    return p * on + (1 - p) * off


def _step(
    number: int, loss: float, kl: float, norm: float, before: Tensor, after: Tensor, labels: Tensor, weights: Tensor
) -> Step:
    toward = 2 * labels - 1
    was, now = torch.sigmoid(before * toward), torch.sigmoid(after * toward)
    return Step(
        number,
        loss,
        kl,
        norm,
        reward(after, labels, weights),
        was.mean().item(),
        now.mean().item(),
        int((now > was).sum()),
        len(labels),
    )


def reward(odds: Tensor, labels: Tensor, weights: Tensor) -> float:
    """Mean over the items of +1 where the answer agrees with the label and −1 where not, times the item's weight."""
    agrees = ((odds > 0) == (labels > 0.5)).float()
    return ((2 * agrees - 1) * weights).mean().item()


def split_replay(examples: Sequence[Example]) -> Iterator[list[Example]]:
    """Four fifths to learn on, one fifth to measure on, by a hash of the item's content."""
    aside = [int(example.lesson.sha256[:8], 16) % 5 == 0 for example in examples]
    yield [example for example, out in zip(examples, aside, strict=True) if not out]
    yield [example for example, out in zip(examples, aside, strict=True) if out]
