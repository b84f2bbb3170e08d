"""Plain functions that make rows and files for tests."""

import hashlib
import io
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import Client
from PIL import Image

from detection.api import tokens
from detection.api.models import ApiToken
from detection.api.scopes import SCOPES
from detection.models import Detection, MediaFile


def make_user(name: str = "", role: str = "user", **fields: Any) -> User:
    """An account with the password `name` + "-pw" in the group of its role."""
    name = name or f"user-{uuid.uuid4().hex[:8]}"
    user = User.objects.create_user(name, f"{name}@example.org", f"{name}-pw", **fields)
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


def jpeg_bytes(width: int = 320, height: int = 240, colour: tuple[int, int, int] = (180, 140, 120)) -> bytes:
    """A plain picture."""
    stream = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def make_media(owner: User, content: bytes | None = None, **fields: Any) -> MediaFile:
    """A stored picture: a row and its bytes in a directory of its own below MEDIA_ROOT."""
    content = jpeg_bytes() if content is None else content
    values: dict[str, Any] = {
        "name": "portrait.jpg",
        "kind": "image",
        "format": "jpeg",
        "width": 320,
        "height": 240,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        **fields,
    }
    media = MediaFile(owner=owner, **values)
    media.file.name = f"{media.id.hex}/original.{media.format}"
    path = Path(settings.MEDIA_ROOT) / media.file.name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    media.save()
    return media


def make_verdict(p_fake: float = 0.87, **fields: Any) -> dict[str, Any]:
    """What `Verdict.as_dict()` gives for one picture with one face."""
    return {
        "kind": "image",
        "label": "FAKE",
        "reason": None,
        "band": "fake",
        "p_fake": p_fake,
        "p_real": 1 - p_fake,
        "confidence": max(p_fake, 1 - p_fake),
        "members": {
            "cnn": {"p_fake": 0.8, "weight": 0.2},
            "resnext": {"p_fake": 0.9, "weight": 0.4},
            "vit": {"p_fake": 0.85, "weight": 0.4},
            "lstm": None,
        },
        "faces": [
            {
                "box": [80.0, 40.0, 200.0, 190.0],
                "score": 0.98,
                "p_fake": p_fake,
                "time": None,
                "frame": 0,
                "track": 0,
                "decides": True,
            }
        ],
        "frames": [],
        "model_version": "tiny-1",
        "device": "cpu",
        "elapsed_ms": 123.4,
        "stages_ms": {"faces": 20.0, "models": 100.0},
        "thresholds": {"strong_real": 0.1, "real": 0.3, "fake": 0.7, "strong_fake": 0.9},
        **fields,
    }


def make_detection(owner: User, media: MediaFile | None = None, **fields: Any) -> Detection:
    """A queued detection; `state="done"` brings a verdict with it."""
    media = media or make_media(owner)
    if fields.get("state") == Detection.State.DONE:
        verdict = make_verdict()
        copied = ("label", "band", "p_fake", "confidence", "model_version", "device", "elapsed_ms")
        fields = {**{name: verdict[name] for name in copied}, "stage": "finished", "result": verdict, **fields}
    return Detection.objects.create(owner=owner, media=media, **fields)


def make_token(user: User, *scopes: str, **fields: Any) -> str:
    """The text of a new API token; without scopes it has all of them."""
    token, text = tokens.issue(user, name="of a test", scopes=scopes or tuple(SCOPES))
    if fields:
        ApiToken.objects.filter(pk=token.pk).update(**fields)
    return text


def token_client(user: User, *scopes: str, **fields: Any) -> Client:
    """A program with a token of this person."""
    return Client(headers={"Authorization": f"Bearer {make_token(user, *scopes, **fields)}"})
