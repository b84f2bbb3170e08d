"""`python -m ml_core.verify NAME`: load a version whole, as the inference host would, and say what is wrong with it.

One line of JSON: {"code": "", "detail": ""} and exit status 0, or the WeightsError's code and detail and 1. It is a
process of its own so that the site, which imports no torch, can ask.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ml_core.config import TRAINED_MODELS
from ml_core.errors import WeightsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Checksums, names, shapes, finite numbers, calibration and bands."""
    parser = argparse.ArgumentParser(prog="python -m ml_core.verify", description=__doc__)
    parser.add_argument("version")
    parser.add_argument("--models", type=Path, default=TRAINED_MODELS)
    options = parser.parse_args(arguments)
    from ml_core.checkpoints import load_version

    try:
        load_version(options.models, options.version)
    except WeightsError as error:
        sys.stdout.write(json.dumps({"code": error.code, "detail": error.detail}) + "\n")
        return 1
    sys.stdout.write(json.dumps({"code": "", "detail": ""}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
