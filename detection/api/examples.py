"""What the OpenAPI document shows: one result as it comes out, and the failures in full."""

from typing import Any

ID = "6f1f7c1e-2d0f-4b55-9b0e-5a8d2d4f6a10"
HERE = f"https://detect.example.org/api/detections/{ID}"

MEDIA: dict[str, Any] = {
    "name": "portrait.jpg",
    "kind": "image",
    "format": "jpeg",
    "width": 1600,
    "height": 1200,
    "duration": None,
    "codec": "",
    "animated": False,
    "size": 482113,
    "sha256": "1b54c95112aacad981f7f760eca7bfb8e84e638f5c3a72b7a1bb0864cfc85639",
    "may_train": False,
    "available": True,
}
SUMMARY: dict[str, Any] = {
    "schema_version": "1",
    "id": ID,
    "status": "done",
    "stage": "finished",
    "batch": None,
    "attempts": 1,
    "created_at": "2026-11-26T02:09:43.652244Z",
    "started_at": "2026-11-26T02:09:43.911204Z",
    "finished_at": "2026-11-26T02:09:44.380113Z",
    "media": MEDIA,
    "verdict": {
        "label": "FAKE",
        "band": "fake",
        "reason": None,
        "sentence": "Evidence of manipulation.",
        "p_fake": 0.87,
        "p_real": 0.13,
        "confidence": 0.87,
        "model_version": "2026.11.26b",
    },
    "error": None,
    "links": {
        "self": HERE,
        "events": f"{HERE}/events",
        "media": f"{HERE}/media",
        "preview": f"{HERE}/preview",
        "page": f"https://detect.example.org/detections/{ID}/",
    },
}
DONE: dict[str, Any] = {
    **SUMMARY,
    "position": None,
    "evidence": {
        "members": {
            "cnn": {"p_fake": 0.71, "weight": 0.18},
            "resnext": {"p_fake": 0.9, "weight": 0.41},
            "vit": {"p_fake": 0.88, "weight": 0.41},
            "lstm": None,
        },
        "faces": [
            {
                "box": [512.0, 208.5, 1010.2, 880.0],
                "score": 0.98,
                "p_fake": 0.87,
                "time": None,
                "frame": 0,
                "track": 0,
                "decides": True,
            }
        ],
        "frames": [],
        "thresholds": {"strong_real": 0.1, "real": 0.3, "fake": 0.7, "strong_fake": 0.9},
        "stages_ms": {"faces": 21.4, "models": 260.2},
        "device": "cpu",
        "elapsed_ms": 310.7,
    },
}
QUEUED: dict[str, Any] = {
    **DONE,
    **{"status": "queued", "stage": "waiting", "attempts": 0, "started_at": None, "finished_at": None},
    **{"verdict": None, "evidence": None, "position": 1},
}
