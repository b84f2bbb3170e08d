"""Every entry judged as the product would judge it: the same frames, faces, engines, gate and bands.

Each answer is written down as soon as it is known, under the fingerprint of what gave it, so that a long scoring goes
on where it was cut off and nothing is asked twice.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ml_core.datatypes import MEMBERS, Verdict
from ml_core.errors import InferenceError, MediaError
from ml_core.evaluation.listing import Entry
from ml_core.evaluation.media import frames_of
from ml_core.inference import Case, Predictor
from ml_core.versions import Manifest

CHUNK = 32  # crops that go through the members together; a clip has up to 16 a person, and its frames are large
SCORING = 2  # counts up when decoding, cropping or aggregation change: old answers are then asked again

Outcome = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ready:
    """An entry's case, or the code of what is wrong with its file."""

    key: str
    case: Case | None
    fault: str = ""
    seconds: float = 0.0


def fingerprint(manifest: Manifest, engines: dict[str, str], device: str) -> str:
    """A hash over the weights, the gate, the calibration and what runs them: equal, and the answers are equal."""
    keys = ("members", "gate", "calibration", "preprocessing")
    text = json.dumps([SCORING, {key: manifest.get(key) for key in keys}, engines, device], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def key_of(entry: Entry) -> str:
    """What an answer is kept under: the file as it is now. A file that is not there has no size."""
    try:
        stat = entry.path.stat()
    except (OSError, ValueError):
        return f"{entry.path.absolute()}|missing"
    return f"{entry.path.absolute()}|{stat.st_size}|{stat.st_mtime_ns}"


def judge(predictor: Predictor, entries: Sequence[Entry], tier: str, log: Path) -> list[Outcome]:
    """One outcome an entry, in their order; `log` is read, and gets what it does not hold yet."""
    known = read_log(log)
    keys = [key_of(entry) for entry in entries]
    waiting = {key: entry for key, entry in zip(keys, entries, strict=True) if key not in known}
    log.parent.mkdir(parents=True, exist_ok=True)
    bar = tqdm(
        total=len(entries),
        initial=len(entries) - len(waiting),
        unit="file",
        desc=tier,
        mininterval=0.5 if sys.stderr.isatty() else 30,
    )
    with bar, log.open("a", encoding="utf-8") as file:
        file.write("\n")  # after a line that was cut off
        for key, outcome in _judged(predictor, list(waiting.items()), tier):
            known[key] = outcome
            file.write(json.dumps({"item": key, **outcome}) + "\n")
            file.flush()
            bar.update()
    return [known[key] for key in keys]


def read_log(log: Path) -> dict[str, Outcome]:
    """What is known already; a line that was cut off is left out."""
    known: dict[str, Outcome] = {}
    for line in log.read_text(encoding="utf-8").split("\n") if log.exists() else ():
        with suppress(ValueError):
            row = json.loads(line)
            known[row.pop("item")] = row
    return known


def _judged(predictor: Predictor, waiting: Sequence[tuple[str, Entry]], tier: str) -> Iterator[tuple[str, Outcome]]:
    """The next chunk is decoded and searched for faces in a thread while the members look at this one."""
    prepared = (_ready(predictor, key, entry, tier) for key, entry in waiting)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(_chunk, prepared)
        while ready := coming.result():
            coming = pool.submit(_chunk, prepared)
            yield from _answered(predictor, ready)


def _chunk(prepared: Iterator[Ready]) -> list[Ready]:
    """The next media with some CHUNK crops together; nothing at the end."""
    taken: list[Ready] = []
    crops = 0
    for ready in prepared:
        taken.append(ready)
        crops += len(ready.case.crops) if ready.case else 1
        if crops >= CHUNK:
            break
    return taken


def _ready(predictor: Predictor, key: str, entry: Entry, tier: str) -> Ready:
    start = time.perf_counter()
    if not entry.name:
        return Ready(key, None, "no_file")
    try:
        kind, frames = frames_of(entry.path, tier)
        return Ready(key, predictor.prepare(frames, kind), seconds=time.perf_counter() - start)
    except (MediaError, InferenceError) as error:
        return Ready(key, None, error.code, time.perf_counter() - start)


def _answered(predictor: Predictor, ready: Sequence[Ready]) -> Iterator[tuple[str, Outcome]]:
    """All together; one by one where one of them breaks the members."""
    start = time.perf_counter()
    cases = [item.case for item in ready if item.case is not None]
    try:
        verdicts: list[Verdict | None] = list(predictor.predict_many(cases)) if cases else []
    except InferenceError:
        verdicts = [_alone(predictor, case) for case in cases]
    share = (time.perf_counter() - start) / max(1, len(cases))
    answers = iter(verdicts)
    for item in ready:
        verdict = next(answers) if item.case is not None else None
        if verdict is None:
            yield item.key, {"status": "error", "error": item.fault or InferenceError.code}
        else:
            yield item.key, _outcome(verdict) | {"seconds": round(item.seconds + share, 4)}


def _alone(predictor: Predictor, case: Case) -> Verdict | None:
    try:
        return predictor.predict_many([case])[0]
    except InferenceError:
        return None


def _outcome(verdict: Verdict) -> Outcome:
    """What the rows are made of. Nine digits: sure members must not become ties."""
    sizes = [face.box[2] - face.box[0] for face in verdict.faces if face.decides]
    return {
        "status": "not_applicable" if verdict.band == "not_applicable" else "ok",
        "label": verdict.label,
        "p_fake": round(verdict.p_fake, 9),
        "members": {
            name: [round(score.p_fake, 9), round(score.weight, 6)]
            for name in MEMBERS
            if (score := verdict.members[name]) is not None
        },
        "face_px": round(sorted(sizes)[len(sizes) // 2], 1) if sizes else None,
        "faces": len({face.track for face in verdict.faces}),
    }
