"""`Idempotency-Key`: the same request, however often it is sent, makes its rows once.

A key belongs to its user and is kept for a day at least. With another body it is refused.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.request import Request

from detection.api.models import IdempotencyRecord
from detection.api.problems import Problem

KEPT = timedelta(days=1)
MAX_LENGTH = 255
HEADER = "Idempotency-Key"
VISIBLE = re.compile(rf"[!-~]{{1,{MAX_LENGTH}}}")


def key_of(request: Request) -> str:
    """The header's value; empty where there is none."""
    key = request.headers.get(HEADER)
    if key is None:
        return ""
    if not VISIBLE.fullmatch(key):
        detail = f"1 to {MAX_LENGTH} visible ASCII characters, without spaces."
        raise Problem("invalid", errors=[{"field": HEADER, "code": "invalid", "detail": detail}])
    return key


def fingerprint(*parts: Any) -> str:
    """Of everything that makes a request another one: address, fields, content of the files."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def claim(user: User, key: str, print_of_request: str) -> IdempotencyRecord:
    """The row of this key, new or from before. Problem `key_reused` where it stands for another request."""
    defaults = {"fingerprint": print_of_request}
    record, _ = IdempotencyRecord.objects.get_or_create(user=user, key=key, defaults=defaults)
    if record.fingerprint != print_of_request:
        raise Problem("key_reused")
    return record


def settle(record: IdempotencyRecord, outcomes: Sequence[dict[str, Any]]) -> None:
    """What became of the request; the first one that finished says it."""
    IdempotencyRecord.objects.filter(pk=record.pk, outcomes__isnull=True).update(outcomes=list(outcomes))


def prune() -> int:
    """Forget keys that are older than a day."""
    return IdempotencyRecord.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
