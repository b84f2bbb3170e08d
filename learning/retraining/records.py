"""Writing down what a run tells: steps and looks as they come, the items' answers at the end."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from learning.retraining.leases import Lease, held
from learning.retraining.models import LookRecord, RunItem, SnapshotItem, StepRecord

Event = Mapping[str, Any]
STEP_FIELDS = ("number", "loss", "kl", "grad_norm", "reward", "before", "after", "improved", "items")
LOOK_FIELDS = ("step", "objective", "loss", "accuracy", "kl", "kept")


@transaction.atomic
def resume(lease: Lease, step: int, steps: int) -> bool:
    """A run begins, or goes on after a kill: what was written down beyond its checkpoint is told again."""
    if not held(lease).update(step=step, steps=steps, stage="training"):
        return False
    StepRecord.objects.filter(run_id=lease.run_id, number__gte=step).delete()
    LookRecord.objects.filter(run_id=lease.run_id, step__gt=step).delete()
    if step == 0:
        LookRecord.objects.filter(run_id=lease.run_id).delete()
    return True


@transaction.atomic
def steps(lease: Lease, events: Sequence[Event]) -> bool:
    """Steps in their order; False where the lease was lost: a zombie's steps are nobody's."""
    if not held(lease).update(step=events[-1]["number"] + 1):
        return False
    rows = [StepRecord(run_id=lease.run_id, **_only(event, STEP_FIELDS)) for event in events]
    StepRecord.objects.bulk_create(rows)
    return True


@transaction.atomic
def look(lease: Lease, event: Event) -> bool:
    """One look at the held-out items."""
    if not held(lease).select_for_update().exists():
        return False
    LookRecord.objects.update_or_create(run_id=lease.run_id, step=event["step"], defaults=_only(event, LOOK_FIELDS[1:]))
    return True


@transaction.atomic
def answers(lease: Lease, snapshot_id: int, items: Iterable[Event]) -> bool:
    """Before and after of every item; told again after a kill, they replace the earlier ones."""
    if not held(lease).select_for_update().exists():
        return False
    known = dict(SnapshotItem.objects.filter(snapshot_id=snapshot_id).values_list("sha256", "pk"))
    RunItem.objects.filter(run_id=lease.run_id).delete()
    RunItem.objects.bulk_create(
        RunItem(
            run_id=lease.run_id,
            item_id=known[row["id"]],
            before=row["before"],
            after=row["after"],
            error=row["error"],
        )
        for row in items
    )
    return True


def _only(event: Event, names: Sequence[str]) -> dict[str, Any]:
    return {name: event[name] for name in names}
