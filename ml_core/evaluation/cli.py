"""The commands `python -m ml_core evaluate | compare | card`, and `manage.py evaluate | compare` the same."""

import argparse
import json
import logging
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ml_core.config import PROJECT_ROOT, TRAINED_MODELS
from ml_core.errors import InferenceError, WeightsError
from ml_core.evaluation import listing
from ml_core.evaluation.scores import read_scores
from ml_core.evaluation.tiers import AS_IS, TIERS
from ml_core.host import live_with_parent
from ml_core.training.cli import log_to_stdout, refuse
from ml_core.versions import champion

logger = logging.getLogger(__name__)

EVALUATIONS = PROJECT_ROOT / "var" / "evaluations"
ALL = "all"


def add_evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `evaluate`."""
    parser.add_argument(
        "data", nargs="+", type=Path, metavar="MANIFEST", help="CSV manifests, or folders with real/ and fake/"
    )
    parser.add_argument("--version", "--model-version", dest="version", help="which version; by default the champion")
    parser.add_argument("--out", type=Path, help="folder of the results; by default var/evaluations/VERSION")
    parser.add_argument("--split", nargs="*", help="only these splits; by default every row")
    parser.add_argument(
        "--limit", type=int, help="at most N items of each source, split and label; the same ones always"
    )
    parser.add_argument("--tier", default="as_is", help="judge everything after this tier instead of as it is")
    parser.add_argument(
        "--tiers",
        nargs="*",
        default=[],
        metavar="TIER",
        help="also after jpeg60, half, jpeg60_half, blur, screenshot, h264, or all",
    )
    parser.add_argument("--tier-limit", type=int, help="in a tier, at most N items of each source, split and label")
    parser.add_argument("--tier-split", nargs="*", help="in a tier, only these splits")
    parser.add_argument("--scores-only", action="store_true", help="write scores.csv and details.csv, and no figures")
    parser.add_argument("--rounds", type=int, default=1000, help="draws of the bootstrap")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="by default the GPU where there is one")
    parser.add_argument("--models", type=Path, default=TRAINED_MODELS, help="the folder of versions")
    parser.add_argument("--parent", type=int, metavar="PID", help="end with this process, which started the evaluation")


def add_compare_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `compare`."""
    parser.add_argument("a", help="a folder that evaluate wrote, or a version whose evaluation is in var/evaluations")
    parser.add_argument("b", help="the same for the other side")
    parser.add_argument("--split", nargs="*", help="only these splits; by default every row")
    parser.add_argument("--out", type=Path, help="a JSON file for every difference")
    parser.add_argument("--rounds", type=int, default=1000, help="draws of the bootstrap")
    parser.add_argument("--evaluations", type=Path, default=EVALUATIONS, help="where the evaluations of versions are")


def add_card_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `card`."""
    parser.add_argument("scores", nargs="+", type=Path, help="folders that evaluate wrote, of one version")
    parser.add_argument("--models", type=Path, default=TRAINED_MODELS, help="the folder of versions")
    parser.add_argument("--out", type=Path, required=True, help="the Markdown file to write")


def run_evaluate(options: argparse.Namespace) -> int:
    """`evaluate`: exit status 0 all judged, 1 some could not be read, 2 usage."""
    log_to_stdout()
    if options.parent is not None:
        live_with_parent(options.parent)
    try:
        out = _evaluate(options)
        counts = Counter(row["status"] for row in read_scores(out / "scores.csv"))
    except (ValueError, OSError, InferenceError, WeightsError) as error:
        return refuse(error)
    logger.info("%s: %s", ", ".join(f"{count} {status}" for status, count in sorted(counts.items())), out)
    return 1 if counts["error"] else 0


def _evaluate(options: argparse.Namespace) -> Path:
    """Judges and measures; the folder that holds the results."""
    from ml_core.evaluation.report import Wanted, evaluate, score
    from ml_core.inference import Predictor

    version = options.version or champion(options.models)
    entries = [e for e in listing.read(options.data) if options.split is None or e.split in options.split]
    if not entries:
        raise ValueError("there is nothing to evaluate in: " + ", ".join(map(str, options.data)))
    chosen = listing.at_most(entries, options.limit)
    tier, tiers = known_tiers([options.tier])[0], [name for name in known_tiers(options.tiers) if name != AS_IS]
    out: Path = options.out or EVALUATIONS / version
    predictor = Predictor(options.models, version, options.device)
    if options.scores_only:
        score(predictor, options.models, chosen, out, tier)
    else:
        wanted = Wanted(chosen, tier, tiers, options.tier_limit, options.tier_split)
        evaluate(predictor, options.models, wanted, out, options.rounds)
    return out


def known_tiers(names: Sequence[str]) -> list[str]:
    """The tiers of these names, all of them for `all`. Raises ValueError."""
    if unknown := sorted(set(names) - set(TIERS) - {ALL}):
        raise ValueError(f"no such tier: {', '.join(unknown)}; there are {', '.join(TIERS)}")
    return list(TIERS) if ALL in names else list(dict.fromkeys(names))


def run_compare(options: argparse.Namespace) -> int:
    """`compare`: exit status 0, or 2 where there is nothing to compare."""
    from ml_core.evaluation.compare import compare, table
    from ml_core.evaluation.tables import markdown

    try:
        sides = [read_scores(_scores(name, options.evaluations)) for name in (options.a, options.b)]
        kept = [[row for row in rows if options.split is None or row["split"] in options.split] for rows in sides]
        found = compare(kept[0], kept[1], options.rounds)
        if not found["items"]:
            raise ValueError("no item was judged on both sides")
    except (ValueError, OSError) as error:
        return refuse(error)
    if options.out:
        text = json.dumps({"a": options.a, "b": options.b, **found}, indent=1, allow_nan=False)
        options.out.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"A = {options.a}, B = {options.b}: {found['items']} items on both sides, ")
    sys.stdout.write(f"{found['only_a']} only in A, {found['only_b']} only in B. At 0.5, ")
    sys.stdout.write(
        "{to_right} turned right and {to_wrong} wrong; {label} got another label.\n\n".format(**found["changed"])
    )
    sys.stdout.write(markdown(table(found)))
    return 0


def _scores(name: str, evaluations: Path) -> Path:
    """A folder's scores.csv. Raises FileNotFoundError that says how to make it."""
    for folder in (Path(name), evaluations / name):
        if (folder / "scores.csv").is_file():
            return folder / "scores.csv"
    raise FileNotFoundError(f"{name} is no folder with a scores.csv: run `evaluate MANIFEST --version {name}` first")


def run_card(options: argparse.Namespace) -> int:
    """`card`: the model card from score files."""
    from ml_core.evaluation.card import write_card

    log_to_stdout()
    try:
        write_card(options.scores, options.models, options.out)
    except (ValueError, OSError, WeightsError) as error:
        return refuse(error)
    return 0


COMMANDS: tuple[tuple[str, Any, Any, str], ...] = (
    ("evaluate", add_evaluate_arguments, run_evaluate, "judge a manifest: scores.csv, all figures, plots, a page"),
    ("compare", add_compare_arguments, run_compare, "two evaluations: paired bootstrap on the same items"),
    ("card", add_card_arguments, run_card, "write the model card from evaluations"),
)
