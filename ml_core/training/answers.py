"""The members' raw answers on labelled items: what the gate is fitted on. `ml_core.evaluation` measures what ships.

Each answer is written down as soon as it is known, under the fingerprint of the weights that gave it, so that a long
scoring goes on where it was cut off and nothing is asked twice.
"""

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
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
TOGETHER = 32  # items that are asked together and written down together


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
    waiting = [item for item in items if _key(item) not in known]
    start = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write("\n")  # after a line that was cut off
        for first in range(0, len(waiting), TOGETHER):
            batch = waiting[first : first + TOGETHER]
            for item, answer in _answer(members, batch, cache):
                known[_key(item)] = answer
                file.write(json.dumps({"item": _key(item), "answer": answer}) + "\n")
            file.flush()
            logger.info("scored %d of %d, %.0f s", first + len(batch), len(waiting), time.monotonic() - start)
    return _gathered(items, [known[_key(item)] for item in items])


def _key(item: Item) -> str:
    return f"{item.source}/{item.name}"


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


def _gathered(items: Sequence[Item], answers: Sequence[Answer]) -> Answers:
    logits = np.zeros((len(items), len(MEMBERS), 2), np.float32)
    present = np.zeros((len(items), len(MEMBERS)), bool)
    errors = {index: str(answer["error"]) for index, answer in enumerate(answers) if "error" in answer}
    for index, answer in enumerate(answers):
        for position, name in enumerate(MEMBERS):
            if name in answer:
                logits[index, position], present[index, position] = answer[name], True
    return Answers(items, logits, present, errors)


def _answer(members: Mapping[str, Member], items: Sequence[Item], cache: CropCache) -> Iterator[tuple[Item, Answer]]:
    """The answers to some items, asked together; first those that were refused."""
    seen: list[tuple[Item, Crops]] = []
    for item in items:
        try:
            crops = cache.looks(item)
        except MediaError as error:
            yield item, {"error": error.code}
        else:
            seen.append((item, crops))
    for (item, _), answer in zip(seen, judge(members, [crops for _, crops in seen]), strict=True):
        yield item, {name: [float(value) for value in logits] for name, logits in answer.items()}


@torch.inference_mode()
def judge(members: Mapping[str, Member], media: Sequence[Crops]) -> list[dict[str, NDArray[np.float32]]]:
    """(T, 224, 224, 3) crops of one person in each of some media → each present member's (2,) logits on each."""
    if not media:
        return []
    ends = np.cumsum([len(crops) for crops in media])[:-1]
    looks = {name: forward(name, members[name], np.concatenate(media)) for name in IMAGE_MEMBERS if name in members}
    logits = np.split(np.stack([outputs for outputs, _ in looks.values()], axis=1), ends)
    answers = [dict(zip(looks, robust_means(rows), strict=True)) for rows in logits]
    if "lstm" in members and "resnext" in looks:
        for answer, features in zip(answers, np.split(looks["resnext"][1], ends), strict=True):
            if len(features) >= LSTM_MIN_FRAMES:
                answer["lstm"] = _followed(members["lstm"], features)
    return answers


def _followed(lstm: Member, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, 2048) features in the order of time → (2,) logits."""
    sequence = torch.from_numpy(features)[None].to(best_device())
    return np.asarray(lstm.to(best_device()).eval()(sequence)[0].float().cpu().numpy(), np.float32)


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
