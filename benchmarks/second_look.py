"""What the second look at a still is worth: the ViT's AUC by the whole crop, by its middle, and by the mean of both.

python -m benchmarks.second_look MANIFEST … [--version NAME] [--split val] [--limit 150] [--crops DIR]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_core.checkpoints import load_version
from ml_core.config import TRAINED_MODELS
from ml_core.faces import twice
from ml_core.training import metrics
from ml_core.training.answers import forward
from ml_core.training.cli import CROPS
from ml_core.training.crops import CropCache
from ml_core.training.manifest import Item, at_most, read_manifests


def main(arguments: Sequence[str] | None = None) -> int:
    """One line a source."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--version", help="by default the champion")
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int, default=150, help="items of each source and label")
    parser.add_argument("--crops", type=Path, default=CROPS)
    options = parser.parse_args(arguments)
    items = [item for item in read_manifests(options.data) if item.split == options.split and not item.is_clip]
    chosen = at_most(items, options.limit)
    looks = margins(options.version, chosen, CropCache(options.crops))
    for source in sorted({item.source for item in chosen}):
        rows = [index for index, item in enumerate(chosen) if item.source == source]
        truth = np.array([chosen[index].fake for index in rows])
        whole, middle, both = (metrics.auc(truth, look[rows]) for look in (*looks.T, looks.mean(axis=1)))
        sys.stdout.write(f"{source} ({len(rows)}): whole {whole:.4f}, middle {middle:.4f}, both {both:.4f}\n")
    return 0


def margins(version: str | None, items: Sequence[Item], cache: CropCache) -> NDArray[np.float64]:
    """(N, 2) fake minus real, of the whole crop and of its middle."""
    member = load_version(TRAINED_MODELS, version).members["vit"]
    logits, _ = forward("vit", member, twice(np.concatenate([cache.get(item) for item in items])))
    return (logits[:, 1] - logits[:, 0]).astype(np.float64).reshape(-1, 2)


if __name__ == "__main__":
    sys.exit(main())
