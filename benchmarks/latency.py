"""Milliseconds per stage for one image and one clip: the engine of this machine beside float32 PyTorch, in one run.

    python -m benchmarks.latency [FILE …] [--repeat N]

Both take turns, so that whatever else the machine does slows both; medians over the repetitions after a warm-up.
Without files: a portrait of 512 × 512 and a clip of 16 frames made from it.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import skimage.data

from ml_core.config import FRAMES_PER_VIDEO, TRAINED_MODELS
from ml_core.datatypes import Frame, Kind
from ml_core.inference import Predictor
from ml_core.media.frames import decode
from ml_core.media.probe import sniff
from ml_core.scoring import reference_engine

Times = dict[str, float]


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged."""

    name: str
    kind: Kind
    frames: list[Frame]


def made_cases() -> list[Case]:
    """One portrait, and a clip in which it drifts sideways."""
    portrait = cast(Any, skimage.data).astronaut()  # without type annotations
    clip = [Frame(i, i / 4, np.ascontiguousarray(np.roll(portrait, 3 * i, axis=1))) for i in range(FRAMES_PER_VIDEO)]
    return [Case("one image", "image", [Frame(0, None, portrait)]), Case("one clip", "video", clip)]


def file_case(path: Path) -> Case:
    """A file, decoded once."""
    kind, file_format = sniff(path, path.name)
    return Case(path.name, kind, decode(path, kind, file_format))


def measure(case: Case, predictors: Sequence[Predictor], repeat: int) -> list[Times]:
    """Median milliseconds per stage and in all, of each predictor."""
    runs: list[list[Times]] = [[] for _ in predictors]
    for turn in range(repeat + 1):
        for predictor, seen in zip(predictors, runs, strict=True):
            verdict = predictor.predict(case.frames, case.kind)
            if turn:  # the first is the warm-up
                seen.append({**verdict.stages_ms, "all": verdict.elapsed_ms})
    return [{stage: statistics.median(run[stage] for run in seen) for stage in seen[0]} for seen in runs]


def report(case: Case, predictors: Sequence[Predictor], times: Sequence[Times]) -> None:
    """One row a stage: engine, float32 PyTorch, how many times faster."""
    ours, reference = times
    faces = len(predictors[0].predict(case.frames, case.kind).faces)
    print(f"\n{case.name}: {len(case.frames)} frame(s), {faces} face(s)")
    print(f"{'stage':<9} {'engine ms':>10} {'float32 PyTorch ms':>19} {'times faster':>13}  engine")
    for stage, time_ms in ours.items():
        engine = predictors[0].engine_names.get(stage, "")
        ratio = reference[stage] / time_ms if time_ms else float("nan")
        print(f"{stage:<9} {time_ms:>10.1f} {reference[stage]:>19.1f} {ratio:>13.1f}  {engine}")


def load(options: argparse.Namespace) -> list[Predictor]:
    """The engine of this machine and the reference, with the time that loading took."""
    predictors = []
    for name, arguments in {"engine": {}, "float32 PyTorch": {"make_engine": reference_engine}}.items():
        start = time.perf_counter()
        predictors.append(Predictor(options.models, options.version_name, options.device, **arguments))
        print(f"loading, {name}: {time.perf_counter() - start:.1f} s")
    return predictors


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="media of your own")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--models", type=Path, default=TRAINED_MODELS)
    parser.add_argument("--version-name")
    parser.add_argument("--device", choices=("cpu", "cuda"))
    options = parser.parse_args()
    predictors = load(options)
    print(f"version {predictors[0].version} on {predictors[0].device}, medians of {options.repeat} runs")
    for case in [file_case(path) for path in options.files] or made_cases():
        report(case, predictors, measure(case, predictors, options.repeat))
    return 0


if __name__ == "__main__":
    sys.exit(main())
