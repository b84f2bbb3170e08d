"""What 30 % of liars do. `python -m benchmarks.learning_safe [--data DIR] [--out DIR] [--flippers 0.3]`

Forty people say of 180 items whether they are real or fake, three people each; some flip every answer. With the
platform's defences labels are made by `learning.feedback.rules`, from people believed by `learning.feedback.trust`,
capped by `learning.feedback.caps`, and learned with replay, KL and the held-out check, after which the gate speaks.
Without them every item gets the label of whoever clicked first, and every step is kept. The same with nobody lying
tells what the missing defences cost by themselves.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.learning_data import make_world
from benchmarks.learning_runs import Known, Seen, learn, p_fake, scores_of, seen_by
from benchmarks.learning_useful import DATA, OUT, SIZES
from learning.feedback.caps import Candidate, CapPolicy, apply_caps
from learning.feedback.rules import Evidence, Voice, rule
from learning.feedback.trust import Posterior, is_trusted
from learning.registry.gate import judge
from ml_core.checkpoints import LoadedVersion, load_version
from ml_core.config import TRAINED_MODELS
from ml_core.training.feedback import Settings
from ml_core.training.policy import Policy

PEOPLE, WORDS, KNOWN_BEFORE = 40, 3, 30
HONEST_RIGHT = 0.95
OPEN_DOOR = Settings(replay_weight=0.0, kl_weight=0.0, epochs=40)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who says what they think, or the opposite; `posterior` is what earlier known items told of them."""

    number: int
    flips: bool
    posterior: Posterior

    def says(self, fake: bool, rng: np.random.Generator) -> str:
        """Their word on one item."""
        thinks = fake if rng.random() < HONEST_RIGHT else not fake
        return "fake" if thinks != self.flips else "real"


def people(flippers: float, rng: np.random.Generator) -> list[Person]:
    """The crowd; the liars are the first ones."""
    crowd = []
    for number in range(PEOPLE):
        flips = number < round(flippers * PEOPLE)
        right = int(rng.binomial(KNOWN_BEFORE, 1 - HONEST_RIGHT if flips else HONEST_RIGHT))
        crowd.append(Person(number, flips, Posterior(right, KNOWN_BEFORE - right)))
    return crowd


def claims(pool: Known, crowd: Sequence[Person], rng: np.random.Generator) -> list[list[tuple[Person, str]]]:
    """Three people's words on every item, in the order in which they came."""
    told = []
    for example, _ in pool:
        chosen = rng.choice(len(crowd), WORDS, replace=False)
        told.append([(crowd[i], crowd[i].says(example.lesson.fake, rng)) for i in chosen])
    return told


def defended(pool: Known, told: Sequence[Sequence[tuple[Person, str]]], base: int) -> Known:
    """What the platform makes of it: rules, trust, caps."""
    rulings = {}
    for place, words in enumerate(told):
        voices = tuple(
            Voice(person.number, label, is_trusted(person.posterior.lower), person.posterior.mean)
            for person, label in words
        )
        p = float(torch.sigmoid(torch.tensor(pool[place][0].champion)))
        ruling = rule(Evidence(voices=voices, p_fakes=(p,)))
        if ruling is not None:
            rulings[str(place)] = ruling
    candidates = [
        Candidate(key, ruling.label, ruling.weight, key, date(2026, 1, 1 + int(key) % 28), ruling.reporters)
        for key, ruling in rulings.items()
    ]
    kept = apply_caps(candidates, CapPolicy(), base).kept
    return [_labelled(pool, int(one.key), one.label == "fake", one.weight) for one in kept]


def undefended(pool: Known, told: Sequence[Sequence[tuple[Person, str]]]) -> Known:
    """A click is a label."""
    return [_labelled(pool, place, words[0][1] == "fake", 1.0) for place, words in enumerate(told)]


def _labelled(pool: Known, place: int, fake: bool, weight: float) -> Any:
    example, item = pool[place]
    return replace(example, lesson=replace(example.lesson, fake=fake, weight=weight)), item


def trial(loaded: LoadedVersion, champion: Policy, seen: Seen, flippers: float, safe: bool) -> dict[str, Any]:
    """One crowd, one run, what came of it."""
    rng = np.random.default_rng(7)
    pool, base = pool_of(seen)
    told = claims(pool, people(flippers, rng), rng)
    labels = defended(pool, told, len(base)) if safe else undefended(pool, told)
    truth = {item.path: item.fake for _, item in pool}
    wrong = sum(example.lesson.fake != truth[item.path] for example, item in labels)
    with tempfile.TemporaryDirectory() as folder:
        settings = None if safe else OPEN_DOOR
        policy, outcome = learn(loaded, labels, base, Path(folder), settings, keep_last=not safe)
    report = judge(scores_of(champion, loaded, seen.old, "base"), scores_of(policy, loaded, seen.old, "base"))
    return {
        "flippers": flippers,
        "defences": safe,
        "labels": len(labels),
        "wrong_labels": wrong,
        "improved": outcome.improved,
        "accuracy": accuracy(policy, seen.old),
        "gate": report.passed,
    }


def pool_of(seen: Seen) -> tuple[Known, Known]:
    """What people look at (the confirmed fakes and 120 items of base data), and the base data that is left."""
    pool = [*seen.confirmed, *seen.replay[::3]]
    return pool, [pair for place, pair in enumerate(seen.replay) if place % 3]


def accuracy(policy: Policy, known: Known) -> float:
    """Balanced, on base data of `val`: right reals and right fakes weigh the same."""
    called = p_fake(policy, known) >= 0.5
    truth = np.array([item.fake for _, item in known])
    return float((np.mean(called[truth]) + np.mean(~called[~truth])) / 2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a table and writes safe.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--flippers", type=float, default=0.3)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    loaded = load_version(TRAINED_MODELS)
    champion = Policy(loaded)
    seen = seen_by(champion, make_world(options.data, options.out, **SIZES), options.out)
    start = accuracy(champion, seen.old)
    print(f"version {loaded.version}; champion's balanced accuracy on base data of `val`: {start:.3f}")
    print("| flippers | defences | labels | wrong | kept | accuracy | change | gate |")
    print("|--:|---|--:|--:|---|--:|--:|---|")
    rows = []
    for safe in (True, False):
        for flippers in (0.0, options.flippers):
            row = trial(loaded, champion, seen, flippers, safe)
            rows.append(row)
            print(
                f"| {row['flippers']:.0%} | {'on' if safe else 'off'} | {row['labels']} | {row['wrong_labels']} "
                f"| {'yes' if row['improved'] else 'no'} | {row['accuracy']:.3f} | {row['accuracy'] - start:+.3f} "
                f"| {'passed' if row['gate'] else 'refused'} |",
                flush=True,
            )
    report = {"version": loaded.version, "champion": start, "rows": rows}
    (options.out / "safe.json").write_text(json.dumps(report, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
