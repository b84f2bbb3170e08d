"""What the button will do, said before it is pressed."""

import functools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from learning.feedback.selectors import training_labels, why_not
from learning.registry.models import ModelVersion
from learning.retraining.models import SnapshotItem, TrainingRun
from learning.retraining.selectors import LEARNED
from learning.retraining.snapshots import usable
from ml_core.training.replay import replay_items

WORDS = {
    "consent": "whose owner did not agree to training",
    "frozen": "kept aside to judge versions on",
    "twice": "that are the same file again",
    "media_missing": "whose file is no longer stored",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """The items that a training of this moment would see."""

    parent: str
    items: int
    fakes: int
    new: int
    base: int
    least: int
    left_out: tuple[tuple[str, int], ...]

    @property
    def reals(self) -> int:
        return self.items - self.fakes

    @property
    def is_enough(self) -> bool:
        """Whether it would begin at all."""
        return self.items >= self.least


def preview() -> Preview:
    """Without writing anything."""
    now, base = timezone.now(), base_items()
    labels, left_out = usable(training_labels(now, base))
    known = set(
        SnapshotItem.objects.filter(snapshot__runs__state__in=LEARNED)
        .filter(sha256__in=[label.media.sha256 for label in labels])
        .values_list("sha256", flat=True)
    )
    reasons = Counter(why_not(now, base).values()) + Counter(left_out)
    return Preview(
        parent=_champion(),
        items=len(labels),
        fakes=sum(label.label == "fake" for label in labels),
        new=sum(label.media.sha256 not in known for label in labels),
        base=base,
        least=settings.DEEPFAKE_RETRAIN_LEAST,
        left_out=tuple((WORDS.get(reason, reason.replace("_", " ")), count) for reason, count in reasons.items()),
    )


def base_items() -> int:
    """How many items of base data are replayed; the manifests are read once per process."""
    return _count(tuple(settings.DEEPFAKE_REPLAY), settings.DEEPFAKE_REPLAY_LIMIT)


@functools.lru_cache(maxsize=4)
def _count(manifests: tuple[Path, ...], limit: int) -> int:
    return len(replay_items(manifests, limit))


def _champion() -> str:
    row = ModelVersion.objects.filter(state=ModelVersion.State.CHAMPION).first()
    return row.name if row else ""


def last_end() -> TrainingRun | None:
    """The run that ended last."""
    ended = TrainingRun.objects.exclude(finished_at=None).select_related("candidate")
    return ended.order_by("-finished_at", "-pk").first()
