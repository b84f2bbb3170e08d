"""How a version in shadow answered beside the champions whose detections it was asked about: the database counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Avg, Count, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Abs

from learning.feedback.models import LabelDecision
from learning.feedback.words import Label
from learning.registry.models import ModelVersion, ShadowScore

SAID, SHOWN = "label", "detection__label"  # by the shadow; by the champion, to people
DIFFERENCE = F("p_fake") - F("detection__p_fake")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Beside one champion. `same` to `to_undecided` count labels as people see them, and add up to `answered`.

    `decided`: of the answered, those on whose bytes a label stands, and how many each side had on the true side of
    one half, as the gate counts.
    """

    champion: str
    since: datetime  # the first question
    asked: int
    answered: int
    same: int
    to_fake: int
    to_real: int
    to_undecided: int
    mean_difference: float | None  # of P(fake), shadow minus champion
    mean_distance: float | None
    decided: int
    champion_right: int
    shadow_right: int

    @property
    def shift(self) -> str:
        """The mean difference with its sign."""
        return "–" if self.mean_difference is None else f"{self.mean_difference:+.3f}".replace("-", "−")

    @property
    def sentence(self) -> str:
        """In one line, for lists."""
        right = f"; of {self.decided} decided items {self.champion_right} right before, {self.shadow_right} now"
        return (
            f"beside {self.champion}: {self.answered} of {self.asked} answered, {self.same} alike, {self.to_fake} to "
            f"FAKE, {self.to_real} to REAL, {self.to_undecided} to neither{right if self.decided else ''}"
        )


def comparisons(version: ModelVersion) -> list[Comparison]:
    """One for every champion that it was watched beside, the latest last."""
    by_champion: Any = _scores(version).values(champion=F("detection__model_version"))  # Any: columns by name
    return [Comparison(**row) for row in by_champion.annotate(**_counts()).order_by("since")]


def _scores(version: ModelVersion) -> QuerySet[ShadowScore]:
    standing = LabelDecision.objects.filter(
        subject=OuterRef("detection__media__sha256"), state=LabelDecision.State.STANDING
    )
    return ShadowScore.objects.filter(version=version).annotate(truth=Subquery(standing.values("label")[:1]))


def _counts() -> dict[str, Any]:
    there = Q(answered_at__isnull=False)
    moved = there & ~Q(**{SAID: F(SHOWN)})
    known = there & Q(truth__in=(Label.FAKE, Label.REAL))

    def count(condition: Q) -> Count:
        return Count("pk", filter=condition)

    return {
        "since": Min("asked_at"),
        "asked": Count("pk"),
        "answered": count(there),
        "same": count(there & Q(**{SAID: F(SHOWN)})),
        "to_fake": count(moved & Q(**{SAID: "FAKE"})),
        "to_real": count(moved & Q(**{SAID: "REAL"})),
        "to_undecided": count(moved & ~Q(**{f"{SAID}__in": ("FAKE", "REAL")})),
        "mean_difference": Avg(DIFFERENCE, filter=there),
        "mean_distance": Avg(Abs(DIFFERENCE), filter=there),
        "decided": count(known),
        "champion_right": count(known & _right("detection__p_fake")),
        "shadow_right": count(known & _right("p_fake")),
    }


def _right(p_fake: str) -> Q:
    """On the true side of one half."""
    return Q(truth=Label.FAKE, **{f"{p_fake}__gte": 0.5}) | Q(truth=Label.REAL, **{f"{p_fake}__lt": 0.5})
