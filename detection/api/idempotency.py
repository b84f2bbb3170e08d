"""`Idempotency-Key`: the same request, however often it is sent, makes its rows once.

A key belongs to its user and is kept for a day at least. With another body it is refused.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import Any, TypeVar, cast

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request

from detection.api.models import IdempotencyRecord
from detection.api.problems import Problem
from detection.api.schema import ProblemSerializer

KEPT = timedelta(days=1)
MAX_LENGTH = 255
HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
VISIBLE = re.compile(rf"[!-~]{{1,{MAX_LENGTH}}}")
PARAMETER = OpenApiParameter(
    HEADER,
    {"type": "string", "maxLength": MAX_LENGTH, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="The same request under the same key is done once, however often it is sent within a day.",
)
REFUSALS = {
    410: OpenApiResponse(ProblemSerializer, description="`deleted`: what this key had made is gone"),
    422: OpenApiResponse(ProblemSerializer, description="`key_reused`"),
}
Row = TypeVar("Row", bound=Model)


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


def once(
    request: Request,
    marks: Any,
    make: Callable[[], Row],
    find: Callable[[str], Row | None],
    *,
    repeatable: bool = False,
) -> tuple[Row, bool]:
    """What `make` makes, or what it made when this key came before, as it is now; and whether that was so.

    `marks` are what was asked for, beside the address. Key and row are one transaction: a crash leaves neither, and a
    request that comes at the same moment waits for the other one. What is refused may be tried again under the key.
    `repeatable`: `make` has transactions of its own, and making the same thing twice is making it once. Problem
    `deleted` where it is gone.
    """
    key = key_of(request)
    if not key:
        return make(), False
    with nullcontext() if repeatable else transaction.atomic():
        record = claim(cast("User", request.user), key, fingerprint(request.path, marks))
        if not repeatable:
            record = IdempotencyRecord.objects.select_for_update().get(pk=record.pk)
        if record.outcomes is None:
            row = make()
            settle(record, [{"id": str(row.pk)}])
            return row, False
    known = find(record.outcomes[0]["id"])
    if known is None:
        raise Problem("deleted")
    return known, True


def replayed(before: bool) -> dict[str, str]:
    """The header that says so."""
    return {REPLAYED: "true"} if before else {}


def prune() -> int:
    """Forget keys that are older than a day."""
    return IdempotencyRecord.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
