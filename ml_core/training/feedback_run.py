"""A whole run from a plan: load the champion, look at the lessons, fine-tune, write the candidate. No Django."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from ml_core.checkpoints import LoadedVersion, load_version
from ml_core.training.candidate import write_candidate
from ml_core.training.feedback import Example, FineTuning, Lessons, Outcome, Settings, split_replay
from ml_core.training.lessons import FeatureStore, Lesson, Seen, Share, lesson_from
from ml_core.training.manifest import Item
from ml_core.training.policy import Features, Policy
from ml_core.training.replay import replay_items

Event = dict[str, Any]
Tell = Callable[[Event], None]
TELL_EVERY = 5  # lessons


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides a run's candidate, and the folders it works in."""

    models: Path
    parent: str
    version: str
    folder: Path
    features: Path
    crops: Path
    lessons: Sequence[Lesson]
    settings: Settings = field(default_factory=Settings)
    replay: Sequence[Path] = ()
    replay_limit: int = 40  # of each source and label
    threads: int = 1
    facts: Mapping[str, Any] = field(default_factory=dict)


class NothingToLearn(Exception):
    """Not one lesson could be read: no file, or no face in any."""

    code = "nothing_to_learn"


def plan_from(value: Mapping[str, Any]) -> Plan:
    """A plan as JSON writes it down. Raises KeyError or TypeError."""
    paths = {name: Path(value[name]) for name in ("models", "folder", "features", "crops")}
    lessons = [lesson_from(row) for row in value["lessons"]]
    replay = [Path(path) for path in value.get("replay", ())]
    settings = Settings(**value.get("settings", {}))
    return Plan(**{**value, **paths, "lessons": lessons, "replay": replay, "settings": settings})


def run(plan: Plan, tell: Tell) -> Event:
    """Runs the plan, from where an earlier attempt left it; the result is the last event."""
    start = time.monotonic()
    torch.set_num_threads(plan.threads)
    torch.use_deterministic_algorithms(True)
    loaded = load_version(plan.models, plan.parent)
    policy = Policy(loaded, plan.settings.kind)
    store = FeatureStore(plan.features, policy, plan.crops)
    seen, lessons, champion = _look_at(plan, policy, store, tell)
    tuning = FineTuning(
        policy, lessons, plan.settings, plan.folder / "checkpoint.safetensors", _live(policy, store, plan.settings)
    )
    tell({"event": "training", "step": tuning.resumes_at(), "steps": tuning.total, "replay": len(lessons.replay)})
    outcome = tuning.run(
        lambda step: tell({"event": "step", **asdict(step)}), lambda look: tell({"event": "look", **asdict(look)})
    )
    return _result(plan, loaded, tuning, outcome, seen, champion, time.monotonic() - start)


def _look_at(
    plan: Plan, policy: Policy, store: FeatureStore, tell: Tell
) -> tuple[list[Seen], Lessons, dict[str, float]]:
    replay = lessons_of(replay_items(plan.replay, plan.replay_limit))
    store.forget_others([*plan.lessons, *replay])

    def show(done: int, total: int) -> None:
        if done % TELL_EVERY == 0 or done == total:
            tell({"event": "looking", "done": done, "total": total})

    seen = store.all([*plan.lessons, *replay], show)
    labelled = _examples(policy, seen[: len(plan.lessons)])
    base = _examples(policy, seen[len(plan.lessons) :]) or _already_right(labelled)
    to_learn, to_measure = split_replay(base)
    train = [example for example in labelled if example.lesson.share == "train"]
    held_out = [example for example in labelled if example.lesson.share == "held_out"]
    if not train:
        raise NothingToLearn("no labelled item could be read")
    champion = {example.lesson.id: example.champion for example in labelled}
    return seen[: len(plan.lessons)], Lessons(train, held_out, to_learn, to_measure), champion


def lessons_of(items: Sequence[Item], share: Share = "train") -> list[Lesson]:
    """Pictures of a data set as lessons, every source and label weighing the same."""
    counts = Counter((item.source, item.fake) for item in items)
    return [
        Lesson(f"replay:{item.name}", item.path, _name(item), item.fake, 1 / counts[item.source, item.fake], share)
        for item in items
    ]


def _name(item: Item) -> str:
    """What stands for the content of a picture of a data set: hashing all of them would take longer than reading."""
    stat = item.path.stat()
    return hashlib.sha256(f"{item.path.resolve()} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()


@torch.no_grad()
def _examples(policy: Policy, seen: Sequence[Seen]) -> list[Example]:
    """Each alone, so that an item's champion answer does not depend on its neighbours."""
    return [
        Example(one.lesson, one.features, policy([one.features]).item()) for one in seen if one.features is not None
    ]


def _already_right(labelled: Sequence[Example]) -> list[Example]:
    """Where there is no base data, replay is what the champion already answers right among the items to learn on."""
    train = [example for example in labelled if example.lesson.share == "train"]
    return [example for example in train if (example.champion > 0) == example.lesson.fake]


def _live(policy: Policy, store: FeatureStore, settings: Settings) -> Callable[[Lesson], Features] | None:
    """Deep layers learn on the crops themselves; heads and gate on features that stay what they are."""
    return None if settings.kind == "small" else lambda lesson: policy.look(store.crops(lesson))


def _result(
    plan: Plan,
    loaded: LoadedVersion,
    tuning: FineTuning,
    outcome: Outcome,
    seen: Sequence[Seen],
    champion: Mapping[str, float],
    seconds: float,
) -> Event:
    result: Event = {
        "event": "result",
        "improved": outcome.improved,
        "outcome": asdict(outcome),
        "items": [_before_and_after(tuning, one, champion) for one in seen],
        "seconds": round(seconds, 2),
        "torch": torch.__version__,
        "threads": plan.threads,
        "device": str(tuning.policy.bias.device),
    }
    if outcome.improved:
        facts = {**plan.facts, "best_step": outcome.best_step, "steps": outcome.steps, "kind": plan.settings.kind}
        manifest = write_candidate(plan.models, loaded, tuning.policy, plan.version, facts)
        result |= {"version": plan.version, "weights": weights_digest(manifest)}
    return result


@torch.no_grad()
def _before_and_after(tuning: FineTuning, one: Seen, champion: Mapping[str, float]) -> Event:
    """P(fake) by the champion and by the policy that is kept; the code where the item could not be read."""
    row: Event = {"id": one.lesson.id, "share": one.lesson.share, "error": one.error, "before": None, "after": None}
    if one.features is None:
        return row
    before = torch.sigmoid(torch.tensor(champion[one.lesson.id])).item()
    after = torch.sigmoid(tuning.answer(Example(one.lesson, one.features, 0.0))).item()
    return {**row, "before": before, "after": after}


def weights_digest(manifest: Mapping[str, Any]) -> str:
    """One hash over everything that a version computes with: equal candidates, equal digest."""
    files = [file["sha256"] for _, entry in sorted(manifest["members"].items()) for file in entry["files"]]
    gate = [file["sha256"] for file in manifest["gate"]["files"]]
    calibration = sorted(manifest["calibration"].items(), key=lambda pair: pair[0])
    return hashlib.sha256(repr([files, gate, calibration]).encode()).hexdigest()
