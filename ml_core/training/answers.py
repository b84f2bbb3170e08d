"""The members' raw answers on labelled items: what the gate is fitted on. `ml_core.evaluation` measures what ships.

Each answer is written down as soon as it is known, under the fingerprint of the weights that gave it, so that a long
scoring goes on where it was cut off and nothing is asked twice.
"""

import hashlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core.aggregation import LSTM_MIN_FRAMES, robust_means
from ml_core.datatypes import IMAGE_MEMBERS, MEMBERS
from ml_core.errors import MediaError
from ml_core.models.member import Member
from ml_core.models.registry import SPECS
from ml_core.training.crops import CropCache, Crops
from ml_core.training.engine import autocast, best_device
from ml_core.training.manifest import Item
from ml_core.transforms import to_tensor

logger = logging.getLogger(__name__)

CHUNK = 16  # crops in one forward pass


@dataclass(frozen=True, slots=True)
class Answers:
    """`logits` (N, 4, 2) in the order of MEMBERS, `present` (N, 4); `errors` by position where a file was refused."""

    items: Sequence[Item]
    logits: NDArray[np.float32]
    present: NDArray[np.bool_]
    errors: Mapping[int, str]

    def where(self, chosen: Sequence[int]) -> "Answers":
        """The answers at these positions; refused items are not among them."""
        picked = [index for index in chosen if index not in self.errors]
        return Answers([self.items[i] for i in picked], self.logits[picked], self.present[picked], {})

    @property
    def truth(self) -> NDArray[np.bool_]:
        """(N,) True = fake."""
        return np.array([item.fake for item in self.items], dtype=bool)


def fingerprint(members: Mapping[str, Member]) -> str:
    """A hash over all weights: equal members, equal answers."""
    digest = hashlib.sha256()
    for name in sorted(members):
        for key, tensor in sorted(members[name].state_dict().items()):
            digest.update(f"{name}.{key}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def ask(members: Mapping[str, Member], items: Sequence[Item], cache: CropCache, folder: Path) -> Answers:
    """Every member's logits on every item; files in `folder` keep them between runs."""
    log = folder / f"answers-{fingerprint(members)}.jsonl"
    known = _read(log)
    logits = np.zeros((len(items), len(MEMBERS), 2), np.float32)
    present = np.zeros((len(items), len(MEMBERS)), bool)
    errors: dict[int, str] = {}
    start = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write("\n")  # after a line that was cut off
        for index, item in enumerate(items):
            key = f"{item.source}/{item.name}"
            if key not in known:
                known[key] = _answer(members, item, cache)
                file.write(json.dumps({"item": key, "answer": known[key]}) + "\n")
                file.flush()
            _place(known[key], index, logits, present, errors)
            if (index + 1) % 100 == 0 or index + 1 == len(items):
                logger.info("scored %d of %d, %.0f s", index + 1, len(items), time.monotonic() - start)
    return Answers(items, logits, present, errors)


Answer = dict[str, list[float] | str]


def _read(log: Path) -> dict[str, Answer]:
    if not log.exists():
        return {}
    known: dict[str, Answer] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        with suppress(ValueError):  # one that was cut off
            row = json.loads(line)
            known[row["item"]] = row["answer"]
    return known


def _place(
    answer: Answer, index: int, logits: NDArray[np.float32], present: NDArray[np.bool_], errors: dict[int, str]
) -> None:
    if "error" in answer:
        errors[index] = str(answer["error"])
        return
    for position, name in enumerate(MEMBERS):
        if name in answer:
            logits[index, position], present[index, position] = answer[name], True


def _answer(members: Mapping[str, Member], item: Item, cache: CropCache) -> Answer:
    try:
        crops = cache.get(item)
    except MediaError as error:
        return {"error": error.code}
    return {name: [float(value) for value in logits] for name, logits in judge(members, crops).items()}


@torch.inference_mode()
def judge(members: Mapping[str, Member], crops: Crops) -> dict[str, NDArray[np.float32]]:
    """(T, 224, 224, 3) crops of one person → each present member's (2,) logits."""
    names = [name for name in IMAGE_MEMBERS if name in members]
    frames: dict[str, NDArray[np.float32]] = {}
    features: NDArray[np.float32] | None = None
    for name in names:
        outputs, vectors = forward(name, members[name], crops)
        frames[name] = outputs
        features = vectors if name == "resnext" else features
    means = robust_means(np.stack([frames[name] for name in names], axis=1))
    answers = dict(zip(names, means, strict=True))
    if "lstm" in members and features is not None and len(crops) >= LSTM_MIN_FRAMES:
        sequence = torch.from_numpy(features)[None].to(best_device())
        answers["lstm"] = members["lstm"].to(best_device()).eval()(sequence)[0].float().cpu().numpy()
    return answers


@torch.inference_mode()
def forward(name: str, member: Member, crops: Crops) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One image member on (T, 224, 224, 3) crops → (T, 2) logits and (T, F) features, float32."""
    device = best_device()
    member.to(device).eval()
    preprocessing = SPECS[name].preprocessing
    logits, features = [], []
    for first in range(0, len(crops), CHUNK):
        inputs = to_tensor(crops[first : first + CHUNK], preprocessing.mean, preprocessing.std)
        with autocast(device):  # as the product's engines do on the same processor
            vectors = member.forward_features(torch.from_numpy(inputs).to(device))
            outputs = member.forward_head(vectors)
        features.append(vectors.float().cpu().numpy())
        logits.append(outputs.float().cpu().numpy())
    return np.concatenate(logits), np.concatenate(features)
