"""What can be announced, in words, and what a receiver gets: ids, the verdict in short, and links. Never the media."""

import json
import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from detection.models import Detection

SCHEMA_VERSION = 1
DONE, FAILED, CANCELLED = "detection.done", "detection.failed", "detection.cancelled"
CASE_DECIDED, PING = "case.decided", "ping"
WORDS: dict[str, str] = {
    DONE: "A detection is done",
    FAILED: "A detection failed",
    CANCELLED: "A detection was cancelled",
    CASE_DECIDED: "A moderator decided about a detection",
}
ALL_WORDS = {**WORDS, PING: "A test that its owner asked for"}
OF_STATE = {Detection.State.DONE: DONE, Detection.State.FAILED: FAILED, Detection.State.CANCELLED: CANCELLED}


def envelope(event: str, event_id: uuid.UUID, at: datetime, data: dict[str, Any]) -> str:
    """The body, written once: every attempt sends the same bytes."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "id": str(event_id),
        "type": event,
        "timestamp": at.isoformat(),
        "data": data,
    }
    return json.dumps(document, separators=(",", ":"))


def detection_data(detection: Detection) -> dict[str, Any]:
    """A detection in short."""
    return {
        "detection": {
            "id": str(detection.pk),
            "state": detection.state,
            "label": detection.label or None,
            "band": detection.band or None,
            "reason": detection.reason or None,
            "p_fake": detection.p_fake,
            "confidence": detection.confidence,
            "model_version": detection.model_version or None,
            "error_code": detection.error_code or None,
            "created_at": detection.created_at.isoformat(),
            "finished_at": detection.finished_at.isoformat() if detection.finished_at else None,
        },
        "media": {
            "id": str(detection.media_id),
            "kind": detection.media.kind,
            "sha256": detection.media.sha256,
        },
        "links": links(detection),
    }


def links(detection: Detection) -> dict[str, str]:
    """Where more is to be found; whole addresses where the settings know the site's own."""
    page = site_url(reverse("detection:result", args=[detection.pk]))
    return {"page": page, "api": site_url(f"/api/detections/{detection.pk}")}


def site_url(path: str) -> str:
    """The path with the site's address in front."""
    return settings.DEEPFAKE_SITE_URL.rstrip("/") + path
