"""How many wrong labels would train where some reporters lie, with the defences and without each of them.

python -m benchmarks.poisoning [--seeds N] [--liars SHARE] [--json FILE]

A made-up population with a known truth; the rules, the trust and the caps are the site's own (learning.feedback.rules,
.trust, .caps). Time passes item by item. Honest people err sometimes, and so do moderators, who decide a share of the
disputed items and a few others. Every wrong label that would train counts, whoever it comes from. Three attacks:
flip: some reporters flip every answer, and every sixth file is one that only they have;
sleep: the same people, but each is honest until trusted, and flips every answer from then on;
sold: four accounts with sixty right answers behind them change hands; every second file is theirs alone, and flipped.
"A click is a label" is what a learning loop without any of this does: the majority of whatever was said.
"""

import argparse
import json
import random
import statistics
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path

from learning.feedback.caps import Candidate, CapPolicy, apply_caps
from learning.feedback.rules import Evidence, Judgement, Policy, Ruling, Voice, rule
from learning.feedback.trust import USER_PRIOR, WINDOW, Posterior, is_trusted

OTHER = {"real": "fake", "fake": "real"}
START = date(2026, 1, 1)
SOLD, THEIR_RECORD = 4, 60
UNLIMITED = CapPolicy(0, 10**9, 10**9, 10**9, 1.0, 10**9, 1e9, 10**9)


@dataclass(frozen=True)
class World:
    """Who lives in it, and how often they are wrong."""

    people: int = 100
    liars: float = 0.3
    items: int = 2000
    honest_errors: float = 0.1
    moderators: int = 4
    moderator_errors: float = 0.03
    moderated_if_disputed: float = 0.4
    moderated_else: float = 0.05
    model_errors: float = 0.15
    replayed: int = 600


@dataclass(frozen=True)
class Defence:
    """Which parts are switched on."""

    name: str
    trust: bool = True
    reporters: int = 2  # how many of them make a label
    against_sure_model: int = 2
    agreement: bool = True  # nobody believed against; off: the majority of all who are believed
    caps: bool = True


DEFENCES = (
    Defence("all defences"),
    Defence("without caps", caps=False),
    Defence("one reporter is enough", reporters=1),
    Defence("one is enough against a sure model too", reporters=1, against_sure_model=1),
    Defence("without trust", trust=False),
    Defence("without agreement", agreement=False),
    Defence("without trust and agreement", trust=False, agreement=False),
    Defence("a click is a label", trust=False, agreement=False, caps=False),
)


@dataclass(eq=False)
class Person:
    """A reporter with the record on which they are believed."""

    number: int
    liar: bool
    record: "deque[bool]" = field(default_factory=lambda: deque(maxlen=WINDOW))

    @property
    def posterior(self) -> Posterior:
        right = sum(self.record)
        return Posterior(right, len(self.record) - right, USER_PRIOR)

    def says(self, truth: str, attack: str, errors: float, dice: random.Random) -> str:
        """A liar flips, a sleeper only once trusted; everybody else is right most of the time."""
        lies = self.liar and (attack != "sleep" or is_trusted(self.posterior.lower))
        return OTHER[truth] if lies or dice.random() < errors else truth


@dataclass(frozen=True)
class Outcome:
    """What would train in one world."""

    labels: int
    poisoned: int
    by_reporters: int
    poisoned_by_reporters: int

    @property
    def share(self) -> float:
        return self.poisoned / self.labels if self.labels else 0.0


def simulate(world: World, defence: Defence, attack: str, seed: int) -> Outcome:
    """One world from the first item to the training set."""
    dice = random.Random(seed)
    liars = SOLD if attack == "sold" else world.liars * world.people
    crowd = [Person(n, n < liars) for n in range(world.people)]
    for person in crowd[: SOLD if attack == "sold" else 0]:
        person.record.extend([True] * THEIR_RECORD)
    truths: dict[str, str] = {}
    candidates = []
    for number in range(world.items):
        key, truth = f"{number:05}", dice.choice(("real", "fake"))
        truths[key] = truth
        p_fake = opinion(truth, world, dice)
        claims = {p: p.says(truth, attack, world.honest_errors, dice) for p in witnesses(crowd, attack, dice)}
        judgement = judge(truth, claims, p_fake, world, dice)
        ruling = decide(claims, judgement, p_fake, defence)
        if judgement:
            for person, claim in claims.items():
                person.record.append(claim == judgement.label)
        if ruling:
            candidates.append(candidate(key, ruling, min(claims, key=lambda p: p.number), number))
    kept = apply_caps(candidates, CapPolicy() if defence.caps else UNLIMITED, world.replayed).kept
    wrong = [one for one in kept if one.label != truths[one.key]]
    reported = [one for one in kept if one.weight < 1]
    return Outcome(len(kept), len(wrong), len(reported), sum(one in reported for one in wrong))


def opinion(truth: str, world: World, dice: random.Random) -> float:
    """P(fake) of a model that is wrong now and then, and sometimes sure of it."""
    right = dice.random() >= world.model_errors
    confidence = 0.5 + dice.betavariate(3, 2) / 2
    return confidence if (truth == "fake") == right else 1 - confidence


def witnesses(crowd: Sequence[Person], attack: str, dice: random.Random) -> list[Person]:
    """Who has this file: a few people, sometimes many; some only liars who know each other have."""
    liars = [person for person in crowd if person.liar]
    if liars and dice.random() < (1 / 2 if attack == "sold" else 1 / 6):
        return dice.sample(liars, min(len(liars), dice.choice((2, 2, 3, 5))))
    return dice.sample(list(crowd), dice.choice((1, 1, 1, 2, 2, 3, 4, 8)))


def judge(truth: str, claims: dict[Person, str], p_fake: float, world: World, dice: random.Random) -> Judgement | None:
    """A moderator looks at some; two of them where the first contradicts a sure model."""
    disputed = any((claim == "fake") != (p_fake > 0.5) for claim in claims.values())
    if dice.random() >= (world.moderated_if_disputed if disputed else world.moderated_else):
        return None
    first, second = dice.sample(range(1000, 1000 + world.moderators), 2)
    said = [OTHER[truth] if dice.random() < world.moderator_errors else truth for _ in range(2)]
    against = p_fake > 0.9 if said[0] == "real" else p_fake < 0.1
    if against and said[0] != said[1]:
        return Judgement(truth, moderators=frozenset({first, second, 999}))  # a lead decides between them
    return Judgement(said[0], moderators=frozenset({first, second} if against else {first}))


def decide(claims: dict[Person, str], judgement: Judgement | None, p_fake: float, defence: Defence) -> Ruling | None:
    """The site's rule; without agreement the majority of those who are believed."""
    voices = tuple(
        Voice(p.number, claim, not defence.trust or is_trusted(p.posterior.lower), p.posterior.mean)
        for p, claim in claims.items()
    )
    if not defence.agreement and judgement is None:
        votes = Counter(voice.label for voice in voices if voice.trusted).most_common()
        if not votes or (len(votes) > 1 and votes[0][1] == votes[1][1]):
            return None
        return Ruling(votes[0][0], "agreement", reporters=frozenset(v.person for v in voices), weight=0.9)
    policy = Policy(defence.reporters, defence.against_sure_model)
    return rule(Evidence(judgement, voices, p_fakes=(p_fake,)), policy)


def candidate(key: str, ruling: Ruling, owner: Person, number: int) -> Candidate:
    """A label as the caps see it; ten items a day."""
    makers = ruling.reporters if ruling.source == "agreement" else frozenset()
    weight = min(ruling.weight, 0.999) if makers else 1.0
    day = START + timedelta(days=number // 10)
    return Candidate(key, ruling.label, weight, key, day, makers | {owner.number})


def summary(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Means over the seeds, and the worst one."""
    return {
        "labels": round(statistics.mean(o.labels for o in outcomes), 1),
        "poisoned": round(statistics.mean(o.poisoned for o in outcomes), 1),
        "share": round(statistics.mean(o.share for o in outcomes), 4),
        "worst_share": round(max(o.share for o in outcomes), 4),
        "by_reporters": round(statistics.mean(o.by_reporters for o in outcomes), 1),
        "poisoned_by_reporters": round(statistics.mean(o.poisoned_by_reporters for o in outcomes), 1),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints one table for each attack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--liars", type=float, default=0.3, help="share of the reporters that lie")
    parser.add_argument("--items", type=int, default=World.items)
    parser.add_argument("--json", type=Path, help="write the results there as well")
    options = parser.parse_args(arguments)
    world = World(liars=options.liars, items=options.items)
    results: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for attack in ("flip", "sleep", "sold"):
        liars = SOLD if attack == "sold" else round(world.liars * world.people)
        print(f"\n{attack}: {liars} of {world.people} reporters lie, {world.items} items, {options.seeds} seeds")
        print(f"{'':42}{'labels':>8}{'wrong':>8}{'share':>8}{'worst':>8}{'of reporters':>16}")
        for defence in DEFENCES:
            row = summary([simulate(world, defence, attack, seed) for seed in range(options.seeds)])
            results[attack][defence.name] = row
            reported = f"{row['poisoned_by_reporters']:g} of {row['by_reporters']:g}"
            print(
                f"{defence.name:42}{row['labels']:8.0f}{row['poisoned']:8.1f}"
                f"{row['share']:8.1%}{row['worst_share']:8.1%}{reported:>16}"
            )
    if options.json:
        options.json.write_text(json.dumps({"world": asdict(world), "results": results}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
