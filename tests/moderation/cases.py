"""Plain functions that make flagged results and decide them."""

import secrets
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from detection.models import Detection
from detection.moderation import claims, flagging, services
from detection.moderation.models import Decision, ModerationCase
from detection.moderation.services import Choice
from tests.factories import make_detection, make_media, make_verdict

BANDS = {"FAKE": "fake", "REAL": "real", "INCONCLUSIVE": "inconclusive", "NOT_APPLICABLE": "not_applicable"}


def make_result(owner: User, label: str = "INCONCLUSIVE", p_fake: float = 0.5, **fields: Any) -> Detection:
    """A finished detection with this verdict; `members` are name → P(fake)."""
    verdict = make_verdict(p_fake, label=label, band=BANDS[label])
    members = fields.pop("members", None)
    if members is not None:
        verdict["members"] = {name: {"p_fake": value, "weight": 1 / len(members)} for name, value in members.items()}
    media = fields.pop("media", None) or make_media(owner, sha256=secrets.token_hex(32))
    confidence = max(p_fake, 1 - p_fake)
    values = {"label": label, "p_fake": p_fake, "confidence": confidence, "result": verdict, "band": BANDS[label]}
    return make_detection(owner, media=media, state="done", **{**values, **fields})


def make_case(owner: User, label: str = "INCONCLUSIVE", p_fake: float = 0.5, **fields: Any) -> ModerationCase:
    """A flagged result: the policy flags it, or its owner disputes it."""
    detection = make_result(owner, label, p_fake, **fields)
    with transaction.atomic():
        case = flagging.consider(detection)
    return case or services.report(detection, owner, "This is wrong.")


def decide(case: ModerationCase, moderator: User, verdict: str = "real", **fields: Any) -> Decision:
    """Claimed and decided."""
    claims.claim(case.pk, moderator)
    kind = fields.pop("kind", "face_swap" if verdict == "fake" else "")
    decision = services.decide(case.pk, moderator, Choice(verdict, kind, **fields))
    case.refresh_from_db()
    return decision
