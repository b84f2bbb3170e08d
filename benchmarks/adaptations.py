"""What each way of adapting the ViT gives after the same number of pictures: val AUC per source, and what it costs.

python -m benchmarks.adaptations MANIFEST … --init CLIP --run FOLDER [--pictures 2048] [--limit 40] [--out recipes.json]

The file that `--out` names, beside a version's weights, is a section of its model card. Runs resume.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.short_runs import BATCH, Outcome, outcome, parser, report, stills
from ml_core.training.cli import log_to_stdout
from ml_core.training.manifest import read_manifests
from ml_core.training.members import RECIPES, Recipe

RATES = {"blocks": 5e-5, "norms": 1e-3, "low_rank": 5e-4}  # fewer numbers move further


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints one line a way; writes the card's section."""
    options = parser(__doc__).parse_args(arguments)
    log_to_stdout()
    items = read_manifests(options.data)
    judged = stills(items, options.limit)
    outcomes = [outcome(name, recipe(name, options.pictures), options, items, judged) for name in RATES]
    report(outcomes, _section(outcomes, options.pictures, len(judged)), options.out)
    return 0


def recipe(name: str, pictures: int) -> Recipe:
    """The ViT's recipe for one way of adapting it."""
    settings = replace(RECIPES["vit"].settings, steps=pictures // BATCH, batch=BATCH, rate=RATES[name], save_every=8)
    return Recipe(settings, arguments={"adaptation": name})


def _section(outcomes: Sequence[Outcome], pictures: int, judged: int) -> dict[str, object]:
    sources = sorted(outcomes[0].aucs)
    note = (
        f"`python -m benchmarks.adaptations`: CLIP's image tower after {pictures} pictures, the same in each "
        f"way; {judged} stills of val. It shows where each begins and what it costs, not where it ends."
    )
    rows = [
        [o.name, o.learned, o.speed / outcomes[0].speed, *(round(o.aucs[source], 3) for source in sources)]
        for o in outcomes
    ]
    head = ["learns", "parameters", "speed against the first", *(f"{source} AUC" for source in sources)]
    return {"title": "What each way of adapting the ViT gave", "note": note, "head": head, "rows": rows}


if __name__ == "__main__":
    sys.exit(main())
