"""What storing the ViT as int8 per output channel costs: AUC per source with the trained and with the stored weights.

python -m benchmarks.int8 MANIFEST … --run checkpoints/NAME --init FILE [--limit N]
"""

import argparse
import copy
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.short_runs import aucs
from ml_core.training.answers import judge
from ml_core.training.cli import CROPS
from ml_core.training.crops import CropCache
from ml_core.training.engine import load_weights
from ml_core.training.manifest import at_most, read_manifests
from ml_core.training.members import RECIPES, Start, start
from ml_core.training.run import as_shipped


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints one line a source."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--run", type=Path, required=True, help="folder of the training run's checkpoints")
    parser.add_argument("--init", type=Path, required=True, help="the start weights of the run's ViT")
    parser.add_argument("--limit", type=int, default=40, help="items of each source and label of val")
    options = parser.parse_args(arguments)
    trained = load_weights(start("vit", RECIPES["vit"], Start(options.init)), options.run / "vit.safetensors")
    stored = as_shipped("vit", copy.deepcopy(trained))
    items = at_most([item for item in read_manifests(options.data) if item.split == "val"], options.limit)
    cache = CropCache(CROPS)
    margins = []
    for member in (trained, stored):
        answers = judge({"vit": member}, [cache.get(item) for item in items])
        logits = np.array([answer["vit"] for answer in answers], np.float64)
        margins.append(logits[:, 1] - logits[:, 0])
    before, after = (aucs(items, margin) for margin in margins)
    for name, count in sorted(Counter(item.source for item in items).items()):
        sys.stdout.write(f"{name}: {count} items, AUC {before[name]:.4f} trained, {after[name]:.4f} stored\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
