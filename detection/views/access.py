"""Who may come in: pages send an anonymous visitor to sign in, programs get 401 in JSON."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase, JsonResponse

View = Callable[..., HttpResponseBase]


def wants_json(request: HttpRequest) -> bool:
    """Does the Accept header prefer JSON over a page?"""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def signed_in(view: View) -> View:
    """Like login_required, with an answer for programs."""
    page = login_required(view)

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.user.is_authenticated or not wants_json(request):
            return page(request, *args, **kwargs)
        return JsonResponse({"code": "not_signed_in", "detail": "Sign in, then try again."}, status=401)

    return guarded
