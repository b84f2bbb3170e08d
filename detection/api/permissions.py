"""Who may use an operation: a token by its scope, and besides everybody by their role."""

from typing import TYPE_CHECKING, Any, cast

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from detection.api.problems import Problem

if TYPE_CHECKING:
    from detection.api.models import ApiToken


class SignedIn(BasePermission):
    """A token or a session, whatever its scopes."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.user.is_authenticated


class HasScope(SignedIn):
    """A token needs the scope; a signed-in person needs none. `HasScope.of("detect:read", write="detect:write")`."""

    read = write = ""

    @classmethod
    def of(cls, scope: str, *, write: str = "") -> type["HasScope"]:
        """The permission for one scope, or with `write` for two: the second for what changes something."""
        return type("HasScope", (cls,), {"read": scope, "write": write or scope})

    @classmethod
    def scope_for(cls, method: str | None) -> str:
        """The scope that this method needs."""
        return cls.read if method in SAFE_METHODS else cls.write

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        scope = self.scope_for(request.method)
        token = cast("ApiToken | None", request.auth)
        if token is None or scope in token.scopes:
            return True
        challenge = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
        raise Problem("insufficient_scope", detail=f"This needs a token with the scope {scope}.", headers=challenge)


class HasPermission(SignedIn):
    """A right of the person's role, beside the scope of the token: `HasPermission.of("moderation.decide_case")`."""

    name = ""

    @classmethod
    def of(cls, name: str) -> type["HasPermission"]:
        """The permission for one right, written as `application.codename`."""
        return type("HasPermission", (cls,), {"name": name})

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and bool(request.user.has_perm(self.name))
