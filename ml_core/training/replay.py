"""The base data that replay draws from. Light: neither torch nor cv2."""

from collections.abc import Sequence
from pathlib import Path

from ml_core.training.manifest import Item, at_most, read_manifests


def replay_items(manifests: Sequence[Path], limit: int) -> list[Item]:
    """`train` items alone, at most `limit` of each source and label; manifests that are not there are left out."""
    present = [path for path in manifests if path.exists()]
    return at_most([item for item in read_manifests(present) if item.split == "train"], limit)
