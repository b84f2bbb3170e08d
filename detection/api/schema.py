"""How operations appear in the OpenAPI document: what can go wrong with each is added here, not in every view."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from detection.api.permissions import HasScope, SignedIn
from detection.api.problems import CONTENT_TYPE, PROBLEMS, TYPE

COMMON = (429, 500, 503)
SMALLEST_RANGE = 2**15 - 1  # of the integers that databases have
WITH_BODY = (400, 413, 415)


class FieldErrorSerializer(serializers.Serializer[Any]):
    """One value that was refused."""

    field = serializers.CharField(help_text="A path with dots; empty for the request as a whole.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """A failure, after RFC 9457. `code` is stable; `detail` is for people. Some codes bring further members."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    request_id = serializers.CharField(allow_blank=True, help_text="By which we find the request in our logs.")
    errors = FieldErrorSerializer(  # type: ignore[assignment]  # a field of the document, not the serializer's own
        many=True, required=False, help_text="Only with the code `invalid`."
    )


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's base class
    """`Authorization: Bearer dfp_…`"""

    target_class = "detection.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "dfp_…", "description": "Made on the profile page."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's base class
    """The site's own session."""

    target_class = "detection.api.authentication.SiteAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "With `X-CSRFToken` to change."}


def problem_response(status: int) -> OpenApiResponse:
    """The codes of this status, as examples."""
    codes = {code: sentence for code, (known, sentence) in PROBLEMS.items() if known == status}
    examples = [OpenApiExample(code, value=example(code, status, sentence)) for code, sentence in codes.items()]
    described = ", ".join(f"`{code}`" for code in codes) or "see `code`"
    return OpenApiResponse(ProblemSerializer, description=described, examples=examples)


def example(code: str, status: int, sentence: str) -> dict[str, Any]:
    """A failure as it is answered."""
    return {
        "type": TYPE.format(code=code),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": sentence,
        "request_id": "0d6f4e0c5b1f4a6c8f0e2f7b9a1c3d5e",
    }


class OperationSchema(AutoSchema):
    """Adds the failures that follow from what the operation is: signed in, with a scope, with a body, with an id."""

    def get_tags(self) -> list[str]:
        """The first part of the path, below /api/."""
        return [self.path.removeprefix("/api/").split("/")[0]]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        responses: dict[str, Any] = super()._get_response_bodies(direction)
        for status in self.failures():
            if str(status) not in responses:
                documented = self._get_response_for_code(problem_response(status), str(status), (CONTENT_TYPE,))  # type: ignore[no-untyped-call]  # drf-spectacular's own
                responses[str(status)] = documented
        for code, response in responses.items():
            if int(code) >= 400:
                as_problem_content(response)
        return dict(sorted(responses.items()))

    def failures(self) -> list[int]:
        """The statuses that can always come."""
        found = list(COMMON)
        if self.guards(SignedIn):
            found += [401, 403]
        if self.method in {"POST", "PUT", "PATCH"}:
            found += WITH_BODY
        if "{" in self.path:
            found.append(404)
        if self.method == "GET" and self._get_parameters():
            found.append(400)
        return found

    def guards(self, kind: Any) -> list[Any]:
        """The view's permissions of this kind."""
        permissions: Any = self.view.permission_classes
        return [one for one in permissions if issubclass(one, kind)]

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """The scope stands in the description, whatever a view says there itself."""
        operation = super().get_operation(*args, **kwargs)
        scopes = [f"Scope: `{guard.scope_for(self.method)}`." for guard in self.guards(HasScope)]
        if operation is not None and scopes:
            operation["description"] = "\n\n".join(filter(None, (operation.get("description", ""), *scopes)))
        return operation


def as_problem_content(response: dict[str, Any]) -> None:
    """Failures declared by a view come in the problems' content type too."""
    content = response.get("content", {})
    if content:
        response["content"] = {CONTENT_TYPE: next(iter(content.values()))}


def same_on_every_database(result: Any, **context: Any) -> Any:
    """The ranges that a database gives its integers are no part of the document: they differ from one to the next."""
    if isinstance(result, dict):
        if result.get("type") == "integer":
            for bound in ("minimum", "maximum"):
                if abs(result.get(bound, 0)) >= SMALLEST_RANGE:
                    del result[bound]
            if result.get("format") == "int64":
                del result["format"]
        for value in result.values():
            same_on_every_database(value)
    elif isinstance(result, list):
        for value in result:
            same_on_every_database(value)
    return result
