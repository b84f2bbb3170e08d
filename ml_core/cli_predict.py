"""`predict`: files and folders in, a table or JSON out. `manage.py detect` is the same code."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tqdm import tqdm

from ml_core.config import FRAMES_PER_VIDEO, TRAINED_MODELS
from ml_core.datatypes import Frame, Kind
from ml_core.errors import ERRORS, InferenceError, MediaError, WeightsError
from ml_core.media.frames import DecoderDied, decode
from ml_core.media.probe import sniff
from ml_core.media.suffixes import MEDIA_SUFFIXES

if TYPE_CHECKING:
    from ml_core.inference import Predictor

DESCRIPTION = (
    "Judge pictures and videos: FAKE, REAL, INCONCLUSIVE or NOT_APPLICABLE, with calibrated probabilities. "
    "Exit status: 0 all done, 1 some file was refused, 2 wrong usage."
)
DONE, REFUSED, USAGE = 0, 1, 2
HEADING = f"{'VERDICT':<15} {'P(FAKE)':>7} {'FACES':>5} {'SECONDS':>7}  FILE"
Result = dict[str, Any]
ANSWER_KEYS = (
    "kind", "label", "reason", "band", "p_fake", "p_real", "confidence", "members", "faces", "frames",
    "model_version", "device", "elapsed_ms", "stages_ms", "thresholds",
)  # fmt: skip


class Writer(Protocol):
    """Standard output, or a management command's."""

    def write(self, text: str, /) -> object: ...


@dataclass
class UsageError(Exception):
    """The command cannot start: the sentence says why."""

    sentence: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `predict` and `manage.py detect` both take."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE|FOLDER", help="folders are searched for media")
    parser.add_argument("--json", action="store_true", help="print a list with one object per file")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="by default the GPU where there is one")
    parser.add_argument("--version-name", metavar="VERSION", help="a model version other than the champion")
    parser.add_argument("--models", type=Path, default=TRAINED_MODELS, metavar="FOLDER", help=argparse.SUPPRESS)


def run(options: argparse.Namespace, out: Writer | None = None) -> int:
    """Judge everything that was named; gives the exit status. One refused file never stops the others."""
    out = out or sys.stdout
    try:
        files = find_files(options.paths)
        predictor = _load(options)
    except UsageError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return USAGE
    results = []
    if not options.json:
        out.write(f"{HEADING}\n")
    for path in tqdm(files, unit="file", disable=not sys.stderr.isatty(), leave=False):
        results.append(judge(path, predictor))
        if not options.json:
            with tqdm.external_write_mode():  # the row must not land in the bar
                out.write(f"{table_row(results[-1])}\n")
    if options.json:
        out.write(json.dumps(results, indent=2, allow_nan=False) + "\n")
    return DONE if all(result["status"] == "done" for result in results) else REFUSED


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Files as they were named; of folders the media inside, at any depth, sorted. Raises UsageError for nothing."""
    files = []
    for path in paths:
        files += sorted(_media_below(path)) if path.is_dir() else [path]
    if not files:
        raise UsageError("There are no pictures or videos in: " + ", ".join(map(str, paths)))
    return list(dict.fromkeys(files))


def _media_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix.lower() in MEDIA_SUFFIXES and path.is_file())


def _load(options: argparse.Namespace) -> "Predictor":
    from ml_core.inference import Predictor  # torch: only now, so that wrong usage is answered at once

    try:
        return Predictor(options.models, options.version_name, options.device)
    except (WeightsError, InferenceError) as error:
        raise UsageError(f"The models cannot be loaded: {error}") from error


def judge(path: Path, predictor: "Predictor") -> Result:
    """One file's object of the JSON; a refusal is a result too."""
    start = time.perf_counter()
    result: Result = {"path": os.fspath(path), "status": "error", **dict.fromkeys(ANSWER_KEYS), "error": None}
    result |= {"model_version": predictor.version, "device": predictor.device}
    try:
        result |= _answer(path, predictor, result)
    except (MediaError, InferenceError) as error:
        result["error"] = {"code": error.code, "sentence": ERRORS[error.code].sentence}
    result["elapsed_ms"] = round((time.perf_counter() - start) * 1000, 1)
    return result


def _answer(path: Path, predictor: "Predictor", result: Result) -> Result:
    start = time.perf_counter()
    if not os.access(path, os.R_OK):
        raise MediaError("unreadable")
    result["kind"], file_format = sniff(path, path.name)
    frames = _frames(path, result["kind"], file_format)
    decoding_ms = (time.perf_counter() - start) * 1000
    answer = predictor.predict(frames, result["kind"]).as_dict()
    answer["stages_ms"] = {"decoding": round(decoding_ms, 1), **answer["stages_ms"]}
    return {"status": "done", **answer}


def _frames(path: Path, kind: Kind, file_format: str) -> list[Frame]:
    """Here a decoder that did not survive the file is the file's refusal: there is no second attempt."""
    try:
        return decode(path, kind, file_format, frames=FRAMES_PER_VIDEO)
    except DecoderDied as death:
        raise MediaError("resource_limit" if death.starved else "undecodable", str(death)) from death


def table_row(result: Result) -> str:
    """One line of the table. Control characters in a file's name must not reach the terminal."""
    name = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in result["path"])
    seconds = f"{result['elapsed_ms'] / 1000:>7.1f}"
    if error := result["error"]:
        return f"{'refused':<15} {'-':>7} {'-':>5} {seconds}  {name}: {error['code']}. {error['sentence']}"
    judged = result["label"] != "NOT_APPLICABLE"
    probability = f"{result['p_fake']:.2f}" if judged else "-"
    note = "" if judged else f" ({result['reason']})"
    return f"{result['label']:<15} {probability:>7} {len(result['faces']):>5} {seconds}  {name}{note}"
