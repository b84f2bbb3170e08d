"""Who is asking: a program by its token, a person by the site's session (with CSRF protection)."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from detection.api import tokens
from detection.api.models import ApiToken
from detection.api.problems import Problem

SCHEME = "Bearer"
REFUSALS = {"expired": "expired_token", "revoked": "revoked_token"}


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer dfp_…`"""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, text = request.headers.get("Authorization", "").strip().partition(" ")
        if not scheme:
            return None
        if scheme.lower() != SCHEME.lower():
            raise refusal("invalid_token")
        token = tokens.find(text.strip())
        if token is None or not token.user.is_active:
            raise refusal("invalid_token")
        if token.state != "active":
            raise refusal(REFUSALS[token.state])
        tokens.note_use(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


def refusal(code: str) -> Problem:
    """401 in the words of RFC 6750."""
    return Problem(code, headers={"WWW-Authenticate": f'{SCHEME} error="invalid_token"'})


class SiteAuthentication(SessionAuthentication):
    """The signed-in browser. What changes something needs the CSRF token, as on the pages."""

    def enforce_csrf(self, request: Any) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise Problem("csrf_failed") from error
