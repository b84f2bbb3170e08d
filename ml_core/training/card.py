"""What a version says about itself until it was evaluated (`python -m ml_core evaluate`, then `card`)."""

from typing import Any

from ml_core.versions import Manifest


def val_card(manifest: Manifest) -> dict[str, Any]:
    """The card.json of a version that was just trained."""
    return {
        "version": manifest["version"],
        "limits": "Not evaluated yet: run `python -m ml_core evaluate`, then `python -m ml_core card`.",
        "figures": {"val_auc": manifest["metrics"]["val_auc"]},
        "data": manifest["data"],
    }
