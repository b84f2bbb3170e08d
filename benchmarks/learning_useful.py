"""Does learning from feedback help? `python -m benchmarks.learning_useful [--data DIR] [--out DIR] [--confirmed N …]`

The champion meets a manipulation that it misses. People confirm N items of it; a small run learns from them beside
base data; then champion and candidate answer other items of the kind (made from photographs that no run saw) and
base data of the split `val`, and the gate speaks about both. The first call looks at every item once, which takes a
while on a processor; later calls take seconds, as long as the deep layers stay the same.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.learning_data import KIND, World, make_world
from benchmarks.learning_runs import Seen, learn, p_fake, scores_of, seen_by
from learning.registry.gate import judge
from learning.registry.scores import together
from ml_core.checkpoints import LoadedVersion, load_version
from ml_core.config import PROJECT_ROOT, TRAINED_MODELS
from ml_core.training import metrics
from ml_core.training.policy import Policy

DATA = PROJECT_ROOT.parent / "shared" / "data"
OUT = PROJECT_ROOT / "var" / "benchmarks" / "learning"
SIZES = {"confirmed": 60, "others": 60, "replay": 60, "old": 110}


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a table and writes useful.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--confirmed", type=int, nargs="+", default=[15, 30, 60])
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    loaded = load_version(TRAINED_MODELS)
    world = make_world(options.data, options.out, **SIZES)
    champion = Policy(loaded)
    seen = seen_by(champion, world, options.out)
    rows = [figures("champion", champion, loaded, seen)]
    for number in options.confirmed:
        rows.append(candidate_row(loaded, champion, seen, number))
    show(loaded.version, world, rows)
    report = {"version": loaded.version, "kind": KIND, "sizes": SIZES, "rows": rows}
    (options.out / "useful.json").write_text(json.dumps(report, indent=1), encoding="utf-8")


def candidate_row(loaded: LoadedVersion, champion: Policy, seen: Seen, number: int) -> dict[str, Any]:
    """One run over the first `number` confirmed items, and the gate's word on it."""
    with tempfile.TemporaryDirectory() as folder:
        confirmed = [
            (replace(one, lesson=replace(one.lesson, weight=1.0)), item) for one, item in seen.confirmed[:number]
        ]
        policy, outcome = learn(loaded, confirmed, seen.replay, Path(folder))
    row = figures(f"after {number}", policy, loaded, seen)
    before, after = (
        together([scores_of(one, loaded, seen.old, "base"), scores_of(one, loaded, seen.others_with_reals, KIND)])
        for one in (champion, policy)
    )
    report = judge(before, after)
    reasons = [reason["text"] for reason in report.reasons]
    return {**row, "steps": outcome.steps, "kept": outcome.best_step, "gate": report.passed, "reasons": reasons}


def figures(name: str, policy: Policy, loaded: LoadedVersion, seen: Seen) -> dict[str, Any]:
    """On other items of the kind, and on base data."""
    old, kind = p_fake(policy, seen.old), p_fake(policy, seen.others)
    truth = np.array([example.lesson.fake for example, _ in seen.old])
    sources = np.array([item.source for _, item in seen.old])
    reals = old[~truth]
    edge = loaded.bands.fake
    both = np.concatenate([reals, kind])
    return {
        "name": name,
        "kind_auc": metrics.auc(np.arange(len(both)) >= len(reals), both),
        "kind_found": float(np.mean(kind > 0.5)),
        "old_auc": metrics.auc(truth, old),
        "by_source": {one: metrics.auc(truth[sources == one], old[sources == one]) for one in sorted(set(sources))},
        "false_alarms": float(np.mean(reals > 0.5)),
        "called_fake": float(np.mean(reals >= edge)),
        "ece": metrics.expected_calibration_error(truth, old),
    }


def show(version: str, world: World, rows: Sequence[dict[str, Any]]) -> None:
    """A table for people."""
    print(f"version {version}; {KIND}: {len(world.others)} other items; base data: {len(world.old)} items of `val`")
    print("| | kind AUC | kind > 0.5 | base AUC | by source | reals > 0.5 | ECE | gate |")
    print("|---|--:|--:|--:|---|--:|--:|---|")
    for row in rows:
        sources = ", ".join(f"{name} {value:.3f}" for name, value in row["by_source"].items())
        gate = {True: "passed", False: "refused", None: ""}[row.get("gate")]
        print(
            f"| {row['name']} | {row['kind_auc']:.3f} | {row['kind_found']:.2f} | {row['old_auc']:.3f} | {sources} "
            f"| {row['false_alarms']:.3f} | {row['ece']:.3f} | {gate} |"
        )
        for reason in row.get("reasons", []):
            print(f"  refused: {reason}")


if __name__ == "__main__":
    main()
