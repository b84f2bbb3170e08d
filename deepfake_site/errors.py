"""Error answers: what happened, what to do, a way back, and the request's name. Programs get the same as JSON."""

import sys
from dataclasses import dataclass

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from detection.api import problems
from detection.request_id import current_request_id
from detection.views.access import wants_json

RETRY_SECONDS = 30
API = "/api/"


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """The stable code and the sentence that a program gets."""

    code: str
    detail: str


ANSWERS = {
    400: ErrorAnswer("bad_request", "The request could not be understood."),
    403: ErrorAnswer("forbidden", "You may not do this."),
    404: ErrorAnswer("not_found", "There is nothing at this address, or it is not yours."),
    413: ErrorAnswer("too_large", "The request is larger than the limit."),
    429: ErrorAnswer("too_many_requests", "Too many requests. Wait a little, then try again."),
    500: ErrorAnswer("server_error", "Something broke on our side."),
    503: ErrorAnswer("unavailable", "The service is not available at present. Try again soon."),
}


def as_json(answer: ErrorAnswer, status: int) -> JsonResponse:
    body = {"code": answer.code, "detail": answer.detail, "request_id": current_request_id.get()}
    return JsonResponse(body, status=status)


def answer_with(request: HttpRequest, status: int) -> HttpResponse:
    """The error's page, or its JSON for those who do not read pages."""
    if wants_json(request):
        return as_json(ANSWERS[status], status)
    return render(request, f"{status}.html", status=status)


def answer_plainly(request: HttpRequest, status: int) -> HttpResponse:
    """The same without context processors: they may need what has just failed."""
    if wants_json(request):
        return as_json(ANSWERS[status], status)
    return HttpResponse(render_to_string(f"{status}.html"), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 where the only fault is the size."""
    if request.path.startswith(API):
        return problems.answer(problems.as_problem(exception))
    return answer_with(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return problems.answer(problems.Problem("forbidden"))
    return answer_with(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return problems.answer(problems.Problem("not_found"))
    return answer_with(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 where the database is away or busy: that passes, and asking again is right."""
    error = sys.exc_info()[1]
    if request.path.startswith(API):
        return problems.answer(problems.as_problem(error if isinstance(error, Exception) else Exception()))
    if not isinstance(error, OperationalError):
        return answer_plainly(request, 500)
    response = answer_plainly(request, 503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response
