"""Freezing what a run may see: confirmed labels after trust, consent and caps, without what the gate judges on.

Each medium counts once, by its content. The digest covers contents, labels, weights and the split: equal data gives
the same snapshot, and a run from the same version over the same snapshot has nothing new to learn.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from detection import media_store
from detection.models import MediaFile
from learning.feedback.models import LabelDecision
from learning.feedback.selectors import TrainingLabel, training_labels
from learning.registry.selectors import frozen_hashes
from learning.retraining.models import Share, Snapshot, SnapshotItem
from learning.retraining.splitting import Labelled, split
from ml_core.training.replay import replay_items

Left = dict[str, int]


def freeze(at: datetime) -> Snapshot:
    """The snapshot of this moment: a new row, or the one that holds the same already."""
    base = replay_items(settings.DEEPFAKE_REPLAY, settings.DEEPFAKE_REPLAY_LIMIT)
    labels, left_out = usable(training_labels(at, len(base)))
    parts = split([Labelled(label.media.sha256, label.label == "fake", label.media.owner_id) for label in labels])
    items = [_item(label, parts.held_out) for label in labels]
    return _store(items, parts.by, left_out)


def usable(labels: Iterable[TrainingLabel]) -> tuple[list[TrainingLabel], Left]:
    """Without what is frozen, twice there, or not stored any more; and how many were left out why."""
    frozen, seen = frozen_hashes(), set[str]()
    kept: list[TrainingLabel] = []
    left: Left = {}
    for label in sorted(labels, key=lambda one: one.media.sha256):
        reason = _reason_against(label.media, frozen, seen)
        if reason:
            left[reason] = left.get(reason, 0) + 1
            continue
        seen.add(label.media.sha256)
        kept.append(label)
    return kept, left


def _reason_against(media: MediaFile, frozen: set[str], seen: set[str]) -> str:
    if media.sha256 in frozen:
        return "frozen"
    if media.sha256 in seen:
        return "twice"
    return "" if (media_store.root() / str(media.file.name)).is_file() else "media_missing"


def _item(label: TrainingLabel, held_out: frozenset[str]) -> SnapshotItem:
    return SnapshotItem(
        media=label.media,
        sha256=label.media.sha256,
        fake=label.label == "fake",
        weight=label.weight,
        share=Share.HELD_OUT if label.media.sha256 in held_out else Share.TRAIN,
        source=label.source,
    )


def digest(items: Sequence[SnapshotItem]) -> str:
    """A hash over what a run computes with."""
    lines = sorted(f"{item.sha256} {item.fake} {item.weight:.6f} {item.share}" for item in items)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@transaction.atomic
def _store(items: Sequence[SnapshotItem], split_by: str, left_out: Left) -> Snapshot:
    snapshot, new = Snapshot.objects.get_or_create(
        digest=digest(items), defaults={"split_by": split_by, "left_out": left_out}
    )
    if new:
        when = _labelled_at([item.sha256 for item in items])
        for item in items:
            item.snapshot, item.labelled_at = snapshot, when.get(item.sha256)
        SnapshotItem.objects.bulk_create(items)
    return snapshot


def _labelled_at(hashes: Sequence[str]) -> dict[str, datetime]:
    standing = LabelDecision.objects.filter(subject_id__in=hashes, state=LabelDecision.State.STANDING)
    return dict(standing.values_list("subject_id", "decided_at"))
