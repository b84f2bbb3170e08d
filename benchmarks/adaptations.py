"""What each way of adapting the ViT gives after the same number of pictures: val AUC per source, and what it costs.

python -m benchmarks.adaptations MANIFEST … --init CLIP --run FOLDER [--pictures 2048] [--limit 40] [--out recipes.json]

The file that `--out` names, beside a version's weights, is a section of its model card. Runs resume.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core.models.member import Member
from ml_core.models.registry import SPECS
from ml_core.training import engine, metrics
from ml_core.training.cli import CROPS, log_to_stdout
from ml_core.training.crops import CropCache
from ml_core.training.manifest import Item, at_most, read_manifests
from ml_core.training.members import RECIPES, Recipe, Start, train_image_member
from ml_core.transforms import to_tensor
from ml_core.versions import write_json

BATCH = 32
RATES = {"blocks": 5e-5, "norms": 1e-3, "low_rank": 5e-4}  # fewer numbers move further


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way's row of the table."""

    name: str
    learned: int
    speed: float  # pictures a second
    aucs: dict[str, float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints one line a way; writes the card's section."""
    options = _options(arguments)
    log_to_stdout()
    items = read_manifests(options.data)
    judged = at_most([item for item in items if item.split == "val" and not item.is_clip], options.limit)
    outcomes = [_outcome(name, options, items, judged) for name in RATES]
    for outcome in outcomes:
        sys.stdout.write(f"{outcome}\n")
    if options.out:
        write_json(options.out, _section(outcomes, options.pictures, len(judged)))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--init", type=Path, required=True, help="CLIP's image tower")
    parser.add_argument("--run", type=Path, required=True, help="folder of the runs' checkpoints")
    parser.add_argument("--crops", type=Path, default=CROPS)
    parser.add_argument("--pictures", type=int, default=2048)
    parser.add_argument("--limit", type=int, default=40, help="items of each source and label of val")
    parser.add_argument("--out", type=Path)
    return parser.parse_args(arguments)


def recipe(name: str, pictures: int) -> Recipe:
    """The ViT's recipe for one way of adapting it."""
    settings = replace(RECIPES["vit"].settings, steps=pictures // BATCH, batch=BATCH, rate=RATES[name], save_every=8)
    return Recipe(settings, arguments={"adaptation": name})


def _outcome(name: str, options: argparse.Namespace, items: Sequence[Item], judged: Sequence[Item]) -> Outcome:
    cache, checkpoint = CropCache(options.crops), options.run / name / "vit.safetensors"
    start = time.monotonic()
    member = train_image_member("vit", recipe(name, options.pictures), items, cache, checkpoint, Start(options.init))
    seconds = time.monotonic() - start
    learned = sum(parameter.numel() for parameter in member.parameters() if parameter.requires_grad)
    return Outcome(name, learned, options.pictures / seconds, _aucs(judged, _margins(member, judged, cache)))


@torch.inference_mode()
def _margins(member: Member, items: Sequence[Item], cache: CropCache) -> NDArray[np.float64]:
    """(N,) fake minus real."""
    preprocessing, device = SPECS["vit"].preprocessing, engine.best_device()
    margins = []
    for first in range(0, len(items), BATCH):
        crops = np.stack([cache.get(item)[0] for item in items[first : first + BATCH]])
        inputs = torch.from_numpy(to_tensor(crops, preprocessing.mean, preprocessing.std)).to(device)
        with engine.autocast(device):
            logits = member(inputs).float().cpu().numpy().astype(np.float64)
        margins.append(logits[:, 1] - logits[:, 0])
    return np.concatenate(margins)


def _aucs(items: Sequence[Item], margins: NDArray[np.float64]) -> dict[str, float]:
    truth, sources = np.array([item.fake for item in items]), np.array([item.source for item in items])
    return {str(name): metrics.auc(truth[sources == name], margins[sources == name]) for name in np.unique(sources)}


def _section(outcomes: Sequence[Outcome], pictures: int, judged: int) -> dict[str, object]:
    sources = sorted(outcomes[0].aucs)
    note = (
        f"`python -m benchmarks.adaptations`: CLIP's image tower after {pictures} pictures, the same in each "
        f"way; {judged} stills of val. It shows where each begins and what it costs, not where it ends."
    )
    rows = [
        [o.name, o.learned, o.speed / outcomes[0].speed, *(round(o.aucs[source], 3) for source in sources)]
        for o in outcomes
    ]
    head = ["learns", "parameters", "speed against the first", *(f"{source} AUC" for source in sources)]
    return {"note": note, "head": head, "rows": rows}


if __name__ == "__main__":
    sys.exit(main())
