"""Can a version be loaded? Asked in a process of its own, since neither the site nor a worker imports torch."""

import json
import subprocess
import sys
from pathlib import Path

from learning.registry import folders
from ml_core.config import PROJECT_ROOT
from ml_core.errors import WeightsError

SECONDS = 300


def load_in_child(name: str, root: Path | None = None) -> None:
    """Loads every weight of the version and throws them away. Raises WeightsError with what is wrong."""
    command = [sys.executable, "-m", "ml_core.verify", "--models", str(root or folders.root()), "--", name]
    try:
        done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=SECONDS)  # noqa: S603
        answer = json.loads(done.stdout.strip().splitlines()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise WeightsError("not_loaded", f"version {name} could not be loaded: its process failed") from error
    if answer["code"]:
        raise WeightsError(answer["code"], answer["detail"])
