"""Does detection go on at full speed? `python -m benchmarks.learning_beside [--data DIR] [--out DIR] [--pictures N]`

The real inference host judges pictures one after the other: alone, and while the real training process computes. The
two take turns, so that whatever else the machine does meets both.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.learning_data import make_world, write_manifest
from benchmarks.learning_useful import DATA, OUT, SIZES
from ml_core.config import PROJECT_ROOT, TRAINED_MODELS
from ml_core.datatypes import Frame
from ml_core.host_client import HostClient
from ml_core.versions import champion

ROUNDS = 4


def start_training(folder: Path, replay: Path) -> "subprocess.Popen[bytes]":
    """A run that has everything to look at anew: it computes for longer than we measure."""
    plan = {
        "models": str(TRAINED_MODELS),
        "parent": champion(TRAINED_MODELS),
        "version": "beside",
        "folder": str(folder),
        "features": str(folder / "features"),
        "crops": str(folder / "crops"),
        "lessons": [],
        "replay": [str(replay)],
    }
    (folder / "plan.json").write_text(json.dumps(plan))
    command = [sys.executable, "-m", "ml_core.training.feedback_child", "--parent", str(os.getpid())]
    process = subprocess.Popen(
        [*command, str(folder / "plan.json")],
        stdout=subprocess.PIPE,
        cwd=PROJECT_ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"},
    )
    assert process.stdout is not None  # noqa: S101  a pipe was asked for
    process.stdout.readline()  # the first items are done: it is at work
    return process


def judge(host: HostClient, frames: Sequence[Frame], count: int) -> list[float]:
    """Seconds for each of `count` pictures."""
    taken = []
    for number in range(count):
        begin = time.perf_counter()
        host.predict([frames[number % len(frames)]], "image")
        taken.append(time.perf_counter() - begin)
    return taken


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints seconds per picture (median) alone and beside a training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--pictures", type=int, default=10, help="in each of four rounds")
    options = parser.parse_args(arguments)
    world = make_world(options.data, options.out, **SIZES)
    frames = [Frame(0, None, np.asarray(Image.open(item.path).convert("RGB"))) for item in world.old[:8]]
    alone, beside = list[float](), list[float]()
    with tempfile.TemporaryDirectory() as name, HostClient() as host:
        folder = Path(name)
        judge(host, frames, 3)
        for number in range(ROUNDS):
            alone += judge(host, frames, options.pictures)
            (folder / str(number)).mkdir()
            training = start_training(folder / str(number), write_manifest(world.replay, folder / "replay.csv"))
            beside += judge(host, frames, options.pictures)
            training.kill()
            training.wait()
    first, second = statistics.median(alone), statistics.median(beside)
    print(f"{len(alone)} pictures each, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print(f"alone {first:.3f} s, beside a training {second:.3f} s: {second / first - 1:+.1%}")


if __name__ == "__main__":
    main()
