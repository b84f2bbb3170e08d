"""The pages on which people make, rotate and revoke their tokens."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from detection.api import tokens
from detection.api.forms import TokenForm
from detection.api.problems import Problem


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def make(request: HttpRequest) -> HttpResponse:
    """Asks what it is for; then shows it, this once."""
    form = TokenForm(request.POST or None)
    if form.is_valid():
        try:
            token, text = tokens.issue_for(cast("User", request.user), form.wish, None)
        except Problem as problem:
            form.add_error(None, str(problem.detail))
        else:
            return render(request, "tokens/made.html", {"token": token, "text": text})
    return render(request, "tokens/make.html", {"form": form})


@login_required
@never_cache
@require_POST
def rotate(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """The same rights under a new text, shown this once."""
    user = cast("User", request.user)
    rotated = tokens.rotate(tokens.visible(user, None, token_id), user)
    if rotated is None:
        messages.error(request, "This token has ended. Make a new one.")
        return redirect("profile")
    return render(request, "tokens/made.html", {"token": rotated[0], "text": rotated[1], "rotated": True})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Asks once."""
    user = cast("User", request.user)
    token = tokens.visible(user, None, token_id)
    if request.method != "POST":
        return render(request, "tokens/revoke.html", {"token": token})
    tokens.revoke(token, user)
    messages.success(request, f"{token.name} was revoked. Programs that use it are refused from now on.")
    return redirect("profile")
