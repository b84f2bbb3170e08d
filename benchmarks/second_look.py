"""What the second look at a still is worth: the ViT's AUC by the whole crop, by its middle, and by the mean of both.

python -m benchmarks.second_look MANIFEST … [--version NAME] [--split val] [--limit 150] [--crops DIR]
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.short_runs import aucs, stills
from ml_core.checkpoints import load_version
from ml_core.config import TRAINED_MODELS
from ml_core.training.answers import forward
from ml_core.training.cli import CROPS
from ml_core.training.crops import CropCache
from ml_core.training.manifest import Item, read_manifests


def main(arguments: Sequence[str] | None = None) -> int:
    """One line a source."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--version", help="by default the champion")
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int, default=150, help="items of each source and label")
    parser.add_argument("--crops", type=Path, default=CROPS)
    options = parser.parse_args(arguments)
    chosen = stills(read_manifests(options.data), options.limit, options.split)
    looks = margins(options.version, chosen, CropCache(options.crops))
    whole, middle, both = (aucs(chosen, look) for look in (*looks.T, looks.mean(axis=1)))
    for name, count in sorted(Counter(item.source for item in chosen).items()):
        line = f"whole {whole[name]:.4f}, middle {middle[name]:.4f}, both {both[name]:.4f}"
        sys.stdout.write(f"{name} ({count}): {line}\n")
    return 0


def margins(version: str | None, items: Sequence[Item], cache: CropCache) -> NDArray[np.float64]:
    """(N, 2) fake minus real, of the whole crop and of its middle."""
    member = load_version(TRAINED_MODELS, version).members["vit"]
    logits, _ = forward("vit", member, np.concatenate([cache.looks(item) for item in items]))
    return (logits[:, 1] - logits[:, 0]).astype(np.float64).reshape(-1, 2)


if __name__ == "__main__":
    sys.exit(main())
