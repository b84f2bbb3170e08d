"""The only way in which views, commands and neighbours fetch runs and what became of items in them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from learning.retraining.models import RunItem, Share, TrainingRun

State = TrainingRun.State
LEARNED = (State.CANDIDATE, State.REFUSED)
RIGHT_BEFORE = Q(item__fake=True, before__gte=0.5) | Q(item__fake=False, before__lt=0.5)
RIGHT_AFTER = Q(item__fake=True, after__gte=0.5) | Q(item__fake=False, after__lt=0.5)


@dataclass(frozen=True, slots=True)
class Answers:
    """How the items of one share were answered before and after a run."""

    items: int
    right_before: int
    right_after: int
    to_right: int
    to_wrong: int


def runs() -> QuerySet[TrainingRun]:
    """All of them, the newest first."""
    return TrainingRun.objects.select_related("parent", "candidate", "snapshot", "started_by")


def run_or_404(run_id: int) -> TrainingRun:
    """One of them."""
    run = runs().filter(pk=run_id).first()
    if run is None:
        raise Http404("no such run")
    return run


def unfinished() -> TrainingRun | None:
    """The one that is under way, if there is one."""
    return runs().filter(state__in=TrainingRun.UNFINISHED).first()


def answers(items: QuerySet[RunItem], share: str) -> Answers:
    """Counts over the items of this share that could be read."""
    seen = items.filter(item__share=share, before__isnull=False)
    return Answers(
        **seen.aggregate(
            items=Count("pk"),
            right_before=Count("pk", filter=RIGHT_BEFORE),
            right_after=Count("pk", filter=RIGHT_AFTER),
            to_right=Count("pk", filter=~RIGHT_BEFORE & RIGHT_AFTER),
            to_wrong=Count("pk", filter=RIGHT_BEFORE & ~RIGHT_AFTER),
        )
    )


def held_out(run: TrainingRun) -> Answers:
    """The only improvement that counts."""
    return answers(run.run_items.all(), Share.HELD_OUT)


def fit(run: TrainingRun) -> Answers:
    """The answers on what was just trained on, named so."""
    return answers(run.run_items.all(), Share.TRAIN)


def flips(run: TrainingRun, to_wrong: bool) -> QuerySet[RunItem]:
    """The items whose answer changed sides, the clearest first."""
    chosen = RIGHT_BEFORE & ~RIGHT_AFTER if to_wrong else ~RIGHT_BEFORE & RIGHT_AFTER
    known = run.run_items.filter(chosen, before__isnull=False)
    return known.select_related("item", "item__media").order_by("item__share", "item__sha256")


def stories(hashes: Iterable[str]) -> dict[str, list[RunItem]]:
    """By content: in which finished runs an item took part, the oldest first, with its answers before and after."""
    rows = RunItem.objects.filter(item__sha256__in=list(hashes), run__state__in=LEARNED)
    found: dict[str, list[RunItem]] = {}
    for row in rows.select_related("item", "run", "run__candidate").order_by("run__finished_at", "pk"):
        found.setdefault(row.item.sha256, []).append(row)
    return found
