"""Earlier cases on the same or nearly the same picture, with what people decided about them."""

from dataclasses import dataclass
from uuid import UUID

from detection import similarity
from detection.models import MediaFile
from detection.moderation.models import ModerationCase
from detection.moderation.words import State

LIMIT = 6


@dataclass(frozen=True, slots=True)
class Similar:
    """One earlier case; 0 bits apart are the same bytes or the same picture."""

    case: ModerationCase
    distance: int


def similar_cases(case: ModerationCase) -> list[Similar]:
    """Decided cases on similar media, the nearest first. Never on the very same file of a known case: that would tell
    the answer, and that it is one."""
    distances = _near(case)
    found = ModerationCase.objects.filter(detection__media__in=distances, state=State.DECIDED, is_gold=False)
    others = found.exclude(pk=case.pk).select_related("detection", "detection__media").defer("detection__result")
    rows = [Similar(one, distances[one.detection.media_id]) for one in others]
    return sorted(rows, key=lambda row: (row.distance, -row.case.pk))[:LIMIT]


def _near(case: ModerationCase) -> dict[UUID, int]:
    """Media → bits apart: the same bytes, and what the perceptual hash finds among media that people decided about."""
    media = case.media
    decided = ModerationCase.objects.filter(state=State.DECIDED, is_gold=False)
    judged = MediaFile.objects.filter(pk__in=decided.values("detection__media_id"))
    if case.is_gold:
        judged = judged.exclude(sha256=media.sha256)
    same = dict.fromkeys(judged.filter(sha256=media.sha256).values_list("pk", flat=True)[: 4 * LIMIT], 0)
    return {one.pk: bits for one, bits in similarity.near(media, 4 * LIMIT, judged)} | same
