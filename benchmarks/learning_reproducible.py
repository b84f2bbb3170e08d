"""The same candidate to the bit? `python -m benchmarks.learning_reproducible [--data DIR] [--out DIR]`

The real training process, three times over the same plan: twice from start to end, once killed in the middle and
started again. Their weights must have the same digest. The champion is copied aside; nothing of the installation
changes.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.learning_data import lessons, make_world, write_manifest
from benchmarks.learning_useful import DATA, OUT, SIZES
from ml_core.config import PROJECT_ROOT, TRAINED_MODELS
from ml_core.versions import champion

KILL_AT = 30


def plan(version: str, models: Path, folder: Path, out: Path, data: Path) -> dict[str, Any]:
    """Sixty confirmed items, every fifth held out, beside the replay."""
    world = make_world(data, out, **SIZES)
    rows = []
    for number, lesson in enumerate(lessons(world.confirmed)):
        row = {"id": lesson.id, "path": str(lesson.path), "sha256": lesson.sha256, "fake": lesson.fake}
        rows.append({**row, "weight": 1.0, "share": "train" if number % 5 else "held_out"})
    return {
        "models": str(models),
        "parent": champion(models),
        "version": version,
        "folder": str(folder / version),
        "features": str(out / "features"),
        "crops": str(out / "crops"),
        "lessons": rows,
        "replay": [str(write_manifest(world.replay, folder / "replay.csv"))],
        "replay_limit": SIZES["replay"],
        "threads": 1,
    }


def train(plan_file: Path, kill_at: int | None = None) -> dict[str, Any]:
    """Runs the process; SIGKILL when it tells of step `kill_at`. The last event."""
    command = [sys.executable, "-m", "ml_core.training.feedback_child", "--parent", str(os.getpid()), str(plan_file)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    event: dict[str, Any] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT_ROOT, env=environment) as process:
        assert process.stdout is not None  # noqa: S101  a pipe was asked for
        for line in process.stdout:
            event = json.loads(line)
            if kill_at is not None and event.get("number") == kill_at:
                process.kill()
                break
    return event


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 1 where the digests differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    digests = {}
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        shutil.copytree(TRAINED_MODELS, models)
        for version in ("first", "second", "killed"):
            file = Path(folder) / f"{version}.json"
            file.write_text(json.dumps(plan(version, models, Path(folder), options.out, options.data)))
            if version == "killed":
                told = train(file, KILL_AT)
                print(f"killed at step {told.get('number')}")
            digests[version] = train(file).get("weights", "no candidate")
            print(f"{version}: {digests[version]}", flush=True)
    same = len(set(digests.values())) == 1 and "no candidate" not in digests.values()
    print("the same to the bit" if same else "NOT the same")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
