"""The training commands: `python -m ml_core train | quick_train | evaluate | card`, and `manage.py` the same."""

import argparse
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml_core.config import PROJECT_ROOT, TRAINED_MODELS
from ml_core.datatypes import MEMBERS
from ml_core.errors import WeightsError
from ml_core.training.manifest import SPLITS, at_most, read_manifests

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
    parser.add_argument("--val-limit", type=int, default=None, help="at most N items of each source and label of val")
    parser.add_argument("--no-promote", action="store_true", help="write the version, but do not make it the champion")


def add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `evaluate`."""
    parser.add_argument("data", nargs="+", type=Path, help="CSV manifests, or folders with real/ and fake/")
    parser.add_argument("--model-version", default=None, help="the version to evaluate; by default the champion")
    parser.add_argument("--models", type=Path, default=TRAINED_MODELS, help="the folder of versions")
    parser.add_argument("--out", type=Path, required=True, help="folder for scores.csv and metrics.json")
    parser.add_argument("--split", nargs="*", choices=SPLITS, default=list(SPLITS), help="which splits")
    parser.add_argument("--limit", type=int, default=None, help="at most N items of each source, split and label")
    parser.add_argument("--tier", default="as_is", help="as_is, jpeg60, half, blur or jpeg60_half")
    parser.add_argument("--crops", type=Path, default=CROPS, help="where face crops are kept")


def add_card_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `card`."""
    parser.add_argument("scores", nargs="+", type=Path, help="folders that evaluate wrote")
    parser.add_argument("--models", type=Path, default=TRAINED_MODELS, help="the folder of versions")
    parser.add_argument("--out", type=Path, required=True, help="the Markdown file to write")


def run_train(options: argparse.Namespace) -> int:
    """`train`: exit status 0, or 2 where the data or the arguments cannot be used."""
    return _train(options, quickly=False)


def run_quick_train(options: argparse.Namespace) -> int:
    """`quick_train`: five epochs over a small part of the data."""
    return _train(options, quickly=True)


def _train(options: argparse.Namespace, quickly: bool) -> int:
    from ml_core.training.run import Plan, quick, train

    _log_to_stdout()
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
        )
        manifest = train(quick(plan) if quickly else plan)
    except (ValueError, FileExistsError, FileNotFoundError) as error:
        return _refuse(error)
    logger.info("wrote version %s to %s", manifest["version"], options.out / manifest["version"])
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    """`evaluate`: exit status 0 all scored, 1 some refused, 2 usage."""
    from ml_core.checkpoints import load_version
    from ml_core.training.crops import CropCache
    from ml_core.training.evaluate import evaluate

    _log_to_stdout()
    try:
        version = load_version(options.models, options.model_version)
        items = [item for item in read_manifests(options.data) if item.split in options.split]
        rows = evaluate(version, at_most(items, options.limit), CropCache(options.crops), options.out, options.tier)
    except (ValueError, FileNotFoundError, KeyError, WeightsError) as error:
        return _refuse(error)
    refused = sum(row["status"] == "error" for row in rows)
    logger.info("%d items scored, %d refused: %s", len(rows) - refused, refused, options.out / "scores.csv")
    return 1 if refused else 0


def run_card(options: argparse.Namespace) -> int:
    """`card`: the model card from score files."""
    from ml_core.training.card import write_card

    _log_to_stdout()
    try:
        write_card(options.scores, options.models, options.out)
    except (ValueError, FileNotFoundError, WeightsError) as error:
        return _refuse(error)
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


def _log_to_stdout() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stdout)


def _refuse(error: Exception) -> int:
    sys.stderr.write(f"error: {error}\n")
    return 2


COMMANDS: tuple[tuple[str, Any, Any, str], ...] = (
    ("train", add_train_arguments, run_train, "train all members, the gate and the calibration; write a version"),
    ("quick_train", add_train_arguments, run_quick_train, "the same in five epochs over a small part of the data"),
    ("evaluate", add_evaluate_arguments, run_evaluate, "score a manifest: scores.csv and all figures"),
    ("card", add_card_arguments, run_card, "write the model card from evaluations"),
)
