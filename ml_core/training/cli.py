"""The training commands: `python -m ml_core train | quick_train`, and `manage.py` the same."""

import argparse
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml_core.config import PROJECT_ROOT, TRAINED_MODELS
from ml_core.datatypes import MEMBERS
from ml_core.training.manifest import read_manifests

logger = logging.getLogger(__name__)

CHECKPOINTS = PROJECT_ROOT / "checkpoints"
CROPS = PROJECT_ROOT / ".cache" / "crops"


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `train` and `quick_train`."""
    parser.add_argument("data", nargs="+", type=Path, help="CSV manifests, or folders with real/ and fake/")
    parser.add_argument("--version-name", default=f"{datetime.now(UTC):%Y.%m.%d}", help="name of the new version")
    parser.add_argument("--out", type=Path, default=TRAINED_MODELS, help="where the version folder goes")
    parser.add_argument("--run", type=Path, default=None, help="folder of checkpoints; the same again resumes")
    parser.add_argument("--crops", type=Path, default=CROPS, help="where face crops are kept")
    parser.add_argument("--steps", nargs="*", default=[], metavar="MEMBER=N", help="steps of a member")
    parser.add_argument(
        "--init", nargs="*", default=[], metavar="MEMBER=FILE", help="start weights, or the word imagenet"
    )
    parser.add_argument("--parent", default=None, metavar="VERSION", help="go on from the weights of this version")
    parser.add_argument("--val-limit", type=int, default=None, help="at most N items of each source and label of val")
    parser.add_argument("--no-promote", action="store_true", help="write the version, but do not make it the champion")


def run_train(options: argparse.Namespace) -> int:
    """`train`: exit status 0, or 2 where the data or the arguments cannot be used."""
    return _train(options, quickly=False)


def run_quick_train(options: argparse.Namespace) -> int:
    """`quick_train`: five epochs over a small part of the data."""
    return _train(options, quickly=True)


def _train(options: argparse.Namespace, quickly: bool) -> int:
    from ml_core.training import distributed
    from ml_core.training.run import Plan, quick, release, train_members

    log_to_stdout()
    try:
        plan = Plan(
            options.version_name,
            read_manifests(options.data),
            options.run or CHECKPOINTS / options.version_name,
            options.crops,
            options.out,
            {name: int(steps) for name, steps in _pairs(options.steps).items()},
            _start_weights(options.init, options.crops.parent),
            options.val_limit,
            promote=not options.no_promote,
            parent=options.parent,
        )
        plan = quick(plan) if quickly else plan
        with distributed.group():
            members = train_members(plan)
            if distributed.leads():
                manifest = release(plan, members)
                logger.info("wrote version %s to %s", manifest["version"], options.out / manifest["version"])
    except (ValueError, FileExistsError, FileNotFoundError) as error:
        return refuse(error)
    return 0


def _start_weights(given: list[str], cache: Path) -> dict[str, Path]:
    """`vit=FILE resnext=FILE`, or the word `imagenet`: torchvision's and timm's own weights over the network."""
    if given == ["imagenet"]:
        from ml_core.training.pretrained import download

        return download(cache)
    weights = {name: Path(path) for name, path in _pairs(given).items()}
    for name, path in weights.items():
        if name not in {"vit", "resnext"} or not path.is_file():
            raise ValueError(f"--init {name}={path}: wants vit or resnext and a file that exists")
    return weights


def _pairs(texts: list[str]) -> dict[str, str]:
    """MEMBER=VALUE arguments. Raises ValueError for anything else."""
    pairs = dict(text.partition("=")[::2] for text in texts)
    for name, value in pairs.items():
        if name not in MEMBERS or not value:
            raise ValueError(f"{name}={value}: wants one of {', '.join(MEMBERS)}, then = and a value")
    return pairs


def log_to_stdout() -> None:
    """Of the processes that torchrun started only the first one tells what it does."""
    level = logging.WARNING if os.environ.get("RANK", "0") != "0" else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stdout)


def refuse(error: Exception) -> int:
    """Says what is wrong; the exit status of wrong usage."""
    sys.stderr.write(f"error: {error}\n")
    return 2


COMMANDS: tuple[tuple[str, Any, Any, str], ...] = (
    ("train", add_train_arguments, run_train, "train all members, the gate and the calibration; write a version"),
    ("quick_train", add_train_arguments, run_quick_train, "the same in five epochs over a small part of the data"),
)
