"""The evidence of one detection, ready to be shown: the stored result read once, in the order of the page."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from detection.charts import Lane, Region, lane, regions
from detection.evidence_rows import FaceRow, FrameRow, MemberRow, Person
from detection.models import Detection, MediaFile
from detection.templatetags.display import clock, percent
from ml_core.datatypes import MEMBERS
from ml_core.verdict import LABELS, REASONS, SENTENCES, Bands

PLAYABLE = {"mp4", "webm", "mov"}  # what browsers play
TAG_ROOM = 0.1  # of the picture's height: a face's number stands above its box where there is as much room
MEMBER_WORDS: Mapping[str, tuple[str, str]] = {
    "cnn": ("CNN", "pixel artefacts"),
    "resnext": ("ResNeXt-50", "face structure"),
    "vit": ("ViT-B/16", "whole picture"),
    "lstm": ("LSTM", "change over time"),
}
BAND_RANGES: Mapping[str, tuple[str | None, str | None]] = {
    "strong_real": (None, "strong_real"),
    "real": ("strong_real", "real"),
    "inconclusive": ("real", "fake"),
    "fake": ("fake", "strong_fake"),
    "strong_fake": ("strong_fake", None),
}


@dataclass(frozen=True)
class Evidence:
    """Reads `Detection.result`, which is `Verdict.as_dict()` of the model version that made it."""

    detection: Detection
    raw: Mapping[str, Any]

    @cached_property
    def media(self) -> MediaFile:
        return self.detection.media

    @cached_property
    def bands(self) -> Bands:
        """The edges of the model version that made the verdict."""
        return Bands(**(self.raw.get("thresholds") or {}))

    @cached_property
    def sentence(self) -> str:
        """The fixed sentence of the band, or the reason why there is no verdict."""
        if self.detection.label == Detection.Label.NOT_APPLICABLE:
            return REASONS.get(self.detection.reason, "The detector cannot judge this.")
        return SENTENCES.get(self.detection.band, "")

    @cached_property
    def band_range(self) -> str:
        """The part of the scale that the band covers."""
        low, high = BAND_RANGES.get(self.detection.band, (None, None))
        edges = asdict(self.bands)
        bounds = [round(100 * edges[name]) if name else end for name, end in ((low, 0), (high, 100))]
        return f"{bounds[0]}–{bounds[1]} %" if low or high else ""

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        return regions(self.bands)

    @cached_property
    def marker(self) -> float:
        """P(fake) in percent of the scale."""
        return round(100 * (self.detection.p_fake or 0.0), 1)

    @cached_property
    def p_real(self) -> float:
        return 1 - (self.detection.p_fake or 0.0)

    @cached_property
    def members(self) -> list[MemberRow]:
        scores = self.raw.get("members") or {}
        return [self.member(name, scores.get(name)) for name in MEMBERS]

    def member(self, name: str, score: Mapping[str, float] | None) -> MemberRow:
        """Its own answer, and whether that is the verdict's."""
        title, looks_at = MEMBER_WORDS[name]
        if score is None:
            still = name == "lstm" and self.media.kind == MediaFile.Kind.IMAGE
            return MemberRow(title, looks_at, None, None, "Needs a video" if still else "Not asked", None)
        leaning = self.leaning(score["p_fake"])
        words = {"FAKE": "Says fake", "REAL": "Says real", "INCONCLUSIVE": "Undecided"}[leaning]
        if leaning == "INCONCLUSIVE" or self.detection.label not in (Detection.Label.FAKE, Detection.Label.REAL):
            return MemberRow(title, looks_at, score["p_fake"], score["weight"], words, None)
        agrees = leaning == self.detection.label
        words = "Agrees" if agrees else "Disagrees"
        return MemberRow(title, looks_at, score["p_fake"], score["weight"], words, agrees)

    def leaning(self, p_fake: float) -> str:
        """The label that this probability alone would give."""
        return LABELS[self.bands.band(p_fake)]

    def tone(self, p_fake: float | None) -> str:
        """Its semantic colour."""
        if p_fake is None:
            return "neutral"
        return {"FAKE": "fake", "REAL": "real", "INCONCLUSIVE": "doubt"}[self.leaning(p_fake)]

    @cached_property
    def faces(self) -> tuple[FaceRow, ...]:
        """All faces; numbered one by one in a still, by person in a video."""
        found = self.raw.get("faces") or []
        tracks = {track: number for number, track in enumerate(dict.fromkeys(face["track"] for face in found), 1)}
        still = self.media.kind == MediaFile.Kind.IMAGE
        return tuple(self.face(face, at if still else tracks[face["track"]]) for at, face in enumerate(found, 1))

    def face(self, face: Mapping[str, Any], number: int) -> FaceRow:
        left, top, right, bottom = face["box"]
        return FaceRow(
            number=number,
            x=round(left, 1),
            y=round(top, 1),
            width=round(right - left, 1),
            height=round(bottom - top, 1),
            p_fake=face["p_fake"],
            score=face["score"],
            time=face["time"],
            frame=face["frame"],
            decides=face["decides"],
            tone=self.tone(face["p_fake"]),
            left=round(100 * max(left, 0) / self.media.width, 2),
            top=round(100 * max(top, 0) / self.media.height, 2),
            above=top > TAG_ROOM * self.media.height,
        )

    @cached_property
    def persons(self) -> list[Person]:
        """Video: the faces by person, each with its lane."""
        grouped: dict[int, list[FaceRow]] = {}
        for face in self.faces:
            grouped.setdefault(face.number, []).append(face)
        return [Person(number, tuple(faces), self.lane_of(faces)) for number, faces in sorted(grouped.items())]

    def lane_of(self, faces: list[FaceRow]) -> Lane:
        scores = [(face.time or 0.0, face.p_fake, face.frame) for face in faces]
        labelled = [(time, p, frame, f"{clock(time)}: P(fake) {percent(p)}") for time, p, frame in scores]
        return lane(labelled, self.media.duration or 0.0, self.bands)

    @cached_property
    def frames(self) -> list[FrameRow]:
        """Video: the sampled frames in order."""
        rows = self.raw.get("frames") or []
        return [
            FrameRow(
                index=index,
                time=row["time"],
                p_fake=row["p_fake"],
                tone=self.tone(row["p_fake"]),
                faces=tuple(face for face in self.faces if face.frame == index),
            )
            for index, row in enumerate(rows)
        ]

    @cached_property
    def stages(self) -> dict[str, float]:
        return dict(self.raw.get("stages_ms") or {})

    @cached_property
    def playable(self) -> bool:
        """Can a browser be expected to play the original?"""
        return self.media.format in PLAYABLE


def evidence_of(detection: Detection) -> Evidence | None:
    """None as long as there is no verdict."""
    if detection.state != Detection.State.DONE:
        return None
    return Evidence(detection, detection.result or {})


def as_document(detection: Detection) -> dict[str, Any]:
    """The same for programs: what was judged, by what, and everything that came out."""
    media = detection.media
    return {
        "id": str(detection.id),
        "state": detection.state,
        "error_code": detection.error_code or None,
        "created_at": detection.created_at.isoformat(),
        "started_at": detection.started_at.isoformat() if detection.started_at else None,
        "finished_at": detection.finished_at.isoformat() if detection.finished_at else None,
        "media": {
            "name": media.name,
            "kind": media.kind,
            "format": media.format,
            "width": media.width,
            "height": media.height,
            "size": media.size,
            "duration": media.duration,
            "codec": media.codec or None,
            "sha256": media.sha256,
            "provenance": media.provenance,
        },
        "result": detection.result,
    }
