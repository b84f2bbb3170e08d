"""Small things that the pages of moderation show: leases, undo, keys, face crops."""

from dataclasses import dataclass
from typing import cast

from django import template
from django.contrib.auth.models import User
from django.forms import BoundField, RadioSelect
from django.urls import reverse
from django.utils import timezone

from detection.evidence import Evidence
from detection.evidence_rows import FaceRow
from detection.models import MediaFile
from detection.moderation import access, notices
from detection.moderation.models import Decision, ModerationCase, OwnerNotice
from detection.moderation.services import undo_until

register = template.Library()
MARGIN = 0.25  # of the face, around it
CROPS = 12


@dataclass(frozen=True, slots=True)
class Crop:
    """One face, cut out by the browser: `box` is a viewBox in pixels of the original."""

    face: FaceRow
    url: str
    box: str


@register.filter
def is_held_by(case: ModerationCase, user: User) -> bool:
    """Is the lease this person's?"""
    return access.holds(case, user)


@register.filter
def is_held(case: ModerationCase) -> bool:
    """Is anybody working on it?"""
    return case.holder_id is not None and case.held_until is not None and case.held_until > timezone.now()


@register.filter
def held_seconds(case: ModerationCase) -> int:
    """How long the lease lasts yet."""
    if case.held_until is None:
        return 0
    return max(int((case.held_until - timezone.now()).total_seconds()), 0)


@register.filter
def held_minutes(case: ModerationCase) -> int:
    """The same in minutes."""
    return -(-held_seconds(case) // 60)


@register.filter
def undo_seconds(decision: Decision) -> int:
    """How long a decision can be taken back yet."""
    return max(int((undo_until(decision) - timezone.now()).total_seconds()), 0)


@register.filter
def keyed(field: BoundField, keys: str) -> list[tuple[str, str, str]]:
    """(value, words, key) of every choice of a field."""
    widget = field.field.widget
    choices = [(str(value), str(words)) for value, words in cast("RadioSelect", widget).choices]
    return [(value, words, key) for (value, words), key in zip(choices, keys.split(), strict=True)]


@register.filter
def crops(evidence: Evidence) -> list[Crop]:
    """The faces to look at, the most suspicious ones of a video first."""
    faces = list(evidence.faces)
    if evidence.media.kind == MediaFile.Kind.VIDEO:
        faces = sorted(faces, key=lambda face: -face.p_fake)
    return [_crop(evidence, face) for face in faces[:CROPS]]


def _crop(evidence: Evidence, face: FaceRow) -> Crop:
    side = max(face.width, face.height) * (1 + 2 * MARGIN)
    left, top = face.x + face.width / 2 - side / 2, face.y + face.height / 2 - side / 2
    if evidence.media.kind == MediaFile.Kind.VIDEO:
        url = reverse("detection:frame", args=[evidence.detection.pk, face.frame])
    else:
        url = reverse("detection:preview", args=[evidence.detection.pk])
    return Crop(face, url, f"{left:.1f} {top:.1f} {side:.1f} {side:.1f}")


@register.simple_tag
def news_for(user: User) -> list[OwnerNotice]:
    """What the owner was told and has not looked at."""
    return notices.unseen(user)
