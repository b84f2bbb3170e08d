"""How often: so many requests a minute, for each person and each scope, counted in the cache that all processes share.

`RateLimit-Limit`, `-Remaining`, `-Reset` and `-Policy` stand in every answer; the request that is one too many is
answered 429 with `Retry-After`.
"""

import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from detection.api.permissions import HasScope

WINDOW = 60  # seconds
ACCOUNT = "account"  # what needs no scope


@dataclass(frozen=True, slots=True)
class Rate:
    """What is left of this minute."""

    limit: int
    count: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(self.limit - self.count, 0)),
            "RateLimit-Reset": str(self.reset),
            "RateLimit-Policy": f"{self.limit};w={WINDOW}",
        }


class ScopeThrottle(BaseThrottle):
    """By the scope that the operation needs, whether a token or a session asks."""

    rate: Rate

    def allow_request(self, request: Request, view: APIView) -> bool:
        scope = scope_of(request, view)
        now = time.time()
        key = f"api-rate:{scope}:{request.user.pk}:{int(now // WINDOW)}"
        rates = settings.DEEPFAKE_API_RATES
        limit = rates.get(scope, rates[ACCOUNT])
        self.rate = Rate(limit, count(key), WINDOW - int(now % WINDOW))
        request._request.rate = self.rate  # type: ignore[attr-defined]  # read by the view when it answers
        return self.rate.count <= limit

    def wait(self) -> float:
        return self.rate.reset


def scope_of(request: Request, view: APIView) -> str:
    """The scope that decides about this request."""
    guards: Any = view.get_permissions()
    return next((guard.scope_for(request.method) for guard in guards if isinstance(guard, HasScope)), ACCOUNT)


def count(key: str) -> int:
    """One more in this minute. An entry that the cache has dropped begins again."""
    cache.add(key, 0, timeout=2 * WINDOW)
    try:
        return int(cache.incr(key))
    except ValueError:
        return 1
