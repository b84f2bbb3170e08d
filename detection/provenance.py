"""Where a file comes from, as far as it says so, and whether it was here before. Beside the verdict, never in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from detection import similarity
from detection.models import Detection, MediaFile
from detection.moderation.reviews import Review, review_of
from detection.selectors import detections_visible_to

EARLIER = 5
CREDENTIALS: Mapping[str, tuple[str, str]] = {
    "present": (
        "Present, not verified",
        "The file carries a signed history (C2PA). This site does not check the signature: "
        "open the file at contentcredentials.org/verify to see who signed what.",
    ),
    "linked": (
        "Named by a link, not fetched",
        "The file says that its signed history (C2PA) lies elsewhere. This site does not fetch it.",
    ),
    "none": (
        "None found",
        "Most authentic files have none, and most platforms remove them: this says nothing about the file.",
    ),
    "unsearched": ("Not looked for", "They are looked for in JPEG, PNG, WebP, MP4 and MOV files."),
}
CAMERA = (("make", "Make"), ("model", "Model"), ("lens", "Lens"), ("taken", "Taken"), ("settings", "Settings"))


@dataclass(frozen=True, slots=True)
class Generator:
    """Something that says that it made the file."""

    name: str
    where: str
    says: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """A result on the same or nearly the same picture."""

    detection: Detection
    distance: int
    review: Review

    @property
    def words(self) -> str:
        return "the same picture" if self.distance == 0 else "nearly the same picture"


@dataclass(frozen=True)
class Provenance:
    """Reads `MediaFile.provenance`; `earlier` are the viewer's own."""

    raw: Mapping[str, Any]
    earlier: tuple[Earlier, ...] = ()

    @cached_property
    def credentials(self) -> tuple[str, str]:
        """In a word or two, and what that means."""
        return CREDENTIALS.get(str(self.raw.get("credentials")), CREDENTIALS["unsearched"])

    @cached_property
    def generators(self) -> list[Generator]:
        return [Generator(one["name"], one["where"], one["says"]) for one in self.raw.get("generator") or ()]

    @cached_property
    def software(self) -> list[str]:
        return list(self.raw.get("software") or ())

    @cached_property
    def camera(self) -> list[tuple[str, str]]:
        known = self.raw.get("camera") or {}
        return [(words, known[name]) for name, words in CAMERA if known.get(name)]

    @property
    def has_location(self) -> bool:
        return bool(self.raw.get("location"))


def provenance_of(detection: Detection, viewer: AbstractBaseUser | AnonymousUser) -> Provenance | None:
    """For the result page; None for files that came before this was looked at and have no earlier twin."""
    earlier = seen_before(detection, viewer)
    if not detection.media.provenance and not earlier:
        return None
    return Provenance(detection.media.provenance, earlier)


def seen_before(detection: Detection, viewer: AbstractBaseUser | AnonymousUser) -> tuple[Earlier, ...]:
    """The newest finished result on each similar file that the viewer may see, the nearest first, with what people
    decided about it. Nothing that came after this one: it was not seen before."""
    mine = detections_visible_to(viewer).filter(state=Detection.State.DONE, created_at__lt=detection.created_at)
    within = MediaFile.objects.filter(pk__in=mine.values("media_id"))
    near = dict(similarity.near(detection.media, EARLIER, within))
    found: dict[Any, Detection] = {}
    for one in mine.filter(media__in=near).defer("result").order_by("created_at"):
        found[one.media_id] = one
    return tuple(Earlier(found[media.pk], bits, review_of(found[media.pk])) for media, bits in near.items())
