"""Every failure below /api/ is an `application/problem+json` (RFC 9457) with a stable `code`; never HTML.

`Problem("code")` takes status and sentence from `PROBLEMS`; `Problem("code", 409, "Sentence.")` brings its own.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core import exceptions as django_errors
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions as rest_errors
from rest_framework.exceptions import APIException

from detection.quotas import QuotaExceeded
from detection.request_id import current_request_id
from ml_core.errors import ERRORS, MediaError

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
TYPE = "urn:deepfake-check:problem:{code}"
RETRY_SECONDS = 30

PROBLEMS: dict[str, tuple[int, str]] = {
    "bad_request": (400, "The request could not be understood."),
    "malformed_body": (400, "The body is not what its content type says: it could not be read."),
    "too_deep": (400, "The JSON is nested too deeply."),
    "interrupted": (400, "The body ended before all of it had arrived."),
    "invalid": (400, "Some values are missing or make no sense: see `errors`."),
    "invalid_cursor": (400, "This cursor is not one that we gave, or it belongs to another order of the list."),
    "too_many_fields": (400, "The form has too many fields."),
    "not_authenticated": (401, "Send a token as `Authorization: Bearer dfp_…`, or sign in on the site."),
    "invalid_token": (401, "There is no such token."),
    "expired_token": (401, "This token has expired. Make a new one."),
    "revoked_token": (401, "This token was revoked. Make a new one."),
    "forbidden": (403, "Your account may not do this."),
    "insufficient_scope": (403, "The token lacks the scope that this needs."),
    "stronger_token": (403, "A token can make only tokens with no more scopes than its own; those can make none."),
    "csrf_failed": (403, "A browser session must send its CSRF token with what changes something."),
    "not_found": (404, "There is nothing at this address, or it is not yours."),
    "method_not_allowed": (405, "This address does not take that method: see the header `Allow`."),
    "not_acceptable": (406, "This address has no answer in a format that the header `Accept` allows."),
    "already_over": (409, "The detection is over: there is nothing to stop."),
    "not_active": (409, "The token has ended. Make a new one."),
    "too_many_tokens": (409, "Revoke a token first: 50 are the most."),
    "deleted": (410, "What this request had made was deleted since."),
    "too_many_files": (413, "A request takes 50 files at most."),
    "unsupported_media_type": (415, "This address does not take a body of that content type."),
    "wrong_kind": (415, "Pictures go to /api/detect/image, videos to /api/detect/video, both to /api/detect/batch."),
    "range_not_satisfiable": (416, "The range lies outside the file: see `Content-Range`."),
    "key_reused": (422, "This Idempotency-Key was used for another request."),
    "none_accepted": (422, "No file was accepted: `files` says why."),
    "rate_limited": (429, "Too many requests. Wait for as long as `Retry-After` says."),
    "server_error": (500, "Something broke on our side. Tell us the request's id if it stays."),
    "unavailable": (503, "The service is not available at present. Try again soon."),
}
REST_CODES: dict[type[APIException], str] = {
    rest_errors.ValidationError: "invalid",
    rest_errors.ParseError: "malformed_body",
    rest_errors.NotAuthenticated: "not_authenticated",
    rest_errors.AuthenticationFailed: "invalid_token",
    rest_errors.PermissionDenied: "forbidden",
    rest_errors.NotFound: "not_found",
    rest_errors.MethodNotAllowed: "method_not_allowed",
    rest_errors.NotAcceptable: "not_acceptable",
    rest_errors.UnsupportedMediaType: "unsupported_media_type",
    rest_errors.Throttled: "rate_limited",
}
DJANGO_CODES: tuple[tuple[type[Exception], str], ...] = (  # the first that fits
    (Http404, "not_found"),
    (django_errors.PermissionDenied, "forbidden"),
    (django_errors.RequestDataTooBig, "too_large"),
    (django_errors.TooManyFilesSent, "too_many_files"),
    (django_errors.TooManyFieldsSent, "too_many_fields"),
    (django_errors.SuspiciousOperation, "bad_request"),
    (django_errors.BadRequest, "bad_request"),
    (UnreadablePostError, "interrupted"),
    (OperationalError, "unavailable"),
    (InterfaceError, "unavailable"),
)
RETRY_AFTER = {"unavailable": RETRY_SECONDS, "disk_full": 10 * RETRY_SECONDS}


class Problem(APIException):
    """A failure with a stable code. Further keywords become members of the document."""

    def __init__(
        self,
        code: str,
        status: int | None = None,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        known_status, sentence = known(code)
        super().__init__(detail or sentence, code)
        self.code = code
        self.status_code = status or known_status
        self.headers = dict(headers or {})
        self.members = members


def known(code: str) -> tuple[int, str]:
    """Status and sentence of a code: the API's own, or one of the media's."""
    if code in PROBLEMS:
        return PROBLEMS[code]
    return (ERRORS[code].status, ERRORS[code].sentence) if code in ERRORS else PROBLEMS["bad_request"]


def document(problem: Problem) -> dict[str, Any]:
    """What the program is told. It names the request, by which it can be found in the logs."""
    return {
        "type": TYPE.format(code=problem.code),
        "title": HTTPStatus(problem.status_code).phrase,
        "status": problem.status_code,
        "code": problem.code,
        "detail": str(problem.detail),
        "request_id": current_request_id.get(),
        **problem.members,
    }


def answer(problem: Problem) -> JsonResponse:
    """The document as an answer."""
    headers = {"Cache-Control": "no-store", **problem.headers}
    if problem.code in RETRY_AFTER:
        headers.setdefault("Retry-After", str(RETRY_AFTER[problem.code]))
    return JsonResponse(document(problem), status=problem.status_code, content_type=CONTENT_TYPE, headers=headers)


def as_problem(error: Exception) -> Problem:
    """Any exception as a problem; what nobody foresaw is logged, and becomes `server_error`."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, QuotaExceeded):
        return over_quota(error)
    if isinstance(error, MediaError):
        return Problem(error.code, error.status, error.sentence)
    if isinstance(error, APIException):
        return from_rest(error)
    for kind, code in DJANGO_CODES:
        if isinstance(error, kind):
            return Problem(code)
    logger.error("unforeseen in the API", exc_info=error)
    return Problem("server_error")


def over_quota(error: QuotaExceeded) -> Problem:
    """429, with the allowance that is used up."""
    quota = {"name": error.allowance.name, "limit": error.allowance.limit, "used": error.allowance.used}
    headers = {"Retry-After": str(error.retry_after)}
    return Problem(error.code, error.status, error.sentence, headers=headers, quota=quota)


def from_rest(error: APIException) -> Problem:
    """The framework's own exceptions. Their words may quote the request; ours are fixed, but for invalid values."""
    code = next((ours for kind, ours in REST_CODES.items() if isinstance(error, kind)), "bad_request")
    headers = {"WWW-Authenticate": header} if (header := getattr(error, "auth_header", "")) else {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(wait)
    members: dict[str, Any] = {"errors": list(field_errors(error.get_full_details()))} if code == "invalid" else {}
    return Problem(code, error.status_code, headers=headers, **members)


def field_errors(details: Any, field: str = "") -> list[dict[str, str]]:
    """Nested messages as a flat list: `field` is a path with dots, empty for the request as a whole."""
    if isinstance(details, Mapping) and set(details) == {"message", "code"}:
        return [{"field": field, "code": str(details["code"]), "detail": str(details["message"])}]
    if isinstance(details, Mapping):
        pairs = [("" if name == "non_field_errors" else str(name), value) for name, value in details.items()]
        return [one for name, value in pairs for one in field_errors(value, ".".join(filter(None, (field, name))))]
    return [one for value in details for one in field_errors(value, field)]


def handle(error: Exception, context: Mapping[str, Any]) -> JsonResponse:
    """What REST framework calls for every exception of a view."""
    problem = as_problem(error)
    if problem.code == "server_error":
        got_request_exception.send(sender=type(context.get("view")), request=context.get("request"))
    return answer(problem)


@csrf_exempt
def unknown_address(request: HttpRequest, **parts: str) -> JsonResponse:
    """Whatever below /api/ no endpoint answers."""
    return answer(Problem("not_found"))
