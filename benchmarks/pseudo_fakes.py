"""What each kind of pseudo-fake adds, above all on sources that the training did not see.

python -m benchmarks.pseudo_fakes MANIFEST … --init CLIP --run FOLDER [--source dfdc] [--pictures 1536] [--limit 110]

Each run learns on the pairs of one source alone, beside pseudo-fakes of its photographs and of the real-only ones, and
is judged on `val` of every source. The file that `--out` names (pseudo_fakes.json beside a version's weights) is a
section of its model card. Runs resume.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.short_runs import BATCH, Outcome, outcome, parser, report, stills
from ml_core.training.cli import log_to_stdout
from ml_core.training.data import PSEUDO
from ml_core.training.manifest import Item, read_manifests
from ml_core.training.members import RECIPES, Recipe

SHARE = sum(PSEUDO.values())  # the same for all that have any: more kinds, not more pseudo-fakes
WAYS: dict[str, Mapping[str, float]] = {
    "no pseudo-fakes": {},
    "self-blended": {"self_blended": SHARE},
    "self-blended, swapped": {"self_blended": SHARE * 2 / 3, "swapped": SHARE / 3},
    "self-blended, swapped, reconstructed": PSEUDO,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints one line a way; writes the card's section."""
    wanted = parser(__doc__)
    wanted.add_argument("--source", default="dfdc", help="the one source whose fakes are trained on")
    options = wanted.parse_args(arguments)
    log_to_stdout()
    items = read_manifests(options.data)
    judged, taught = stills(items, options.limit), [item for item in items if _teaches(item, options.source)]
    outcomes = [outcome(name, recipe(name, options.pictures), options, taught, judged) for name in WAYS]
    report(outcomes, _section(outcomes, options.source, options.pictures, len(judged)), options.out)
    return 0


def _teaches(item: Item, source: str) -> bool:
    return item.source == source or item.split == "real_only"


def recipe(name: str, pictures: int) -> Recipe:
    """The ViT's recipe with one way's pseudo-fakes."""
    settings = replace(RECIPES["vit"].settings, steps=pictures // BATCH, batch=BATCH, save_every=16)
    return replace(RECIPES["vit"], settings=settings, pseudo=WAYS[name])


def _section(outcomes: Sequence[Outcome], source: str, pictures: int, judged: int) -> dict[str, object]:
    others = sorted(set(outcomes[0].aucs) - {source})
    note = (
        f"`python -m benchmarks.pseudo_fakes`: CLIP's image tower after {pictures} pictures. Given fakes were of "
        f"{source} alone: the other columns are sources that these runs did not see. {judged} stills of val, one run "
        "each: differences of a few hundredths may be chance."
    )
    rows = [[o.name, *(round(o.aucs[name], 3) for name in [source, *others])] for o in outcomes]
    head = ["pseudo-fakes", f"{source} AUC", *(f"{name} AUC, not seen" for name in others)]
    return {"title": "What each kind of pseudo-fake adds", "note": note, "head": head, "rows": rows}


if __name__ == "__main__":
    sys.exit(main())
