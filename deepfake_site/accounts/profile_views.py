"""What the profile's smaller forms do: sessions, and how long files are kept."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from deepfake_site.accounts import retention, sessions
from deepfake_site.accounts.forms import RetentionForm


@login_required
@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """Sign one browser out."""
    if sessions.sign_out(cast("User", request.user), request.POST.get("session", "")):
        messages.success(request, "That browser is signed out.")
    else:
        messages.info(request, "That browser was signed out already.")
    return redirect("profile")


@login_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Sign everybody else out."""
    count = sessions.sign_out_others(cast("User", request.user), request.session.session_key)
    messages.success(request, f"{count} other session{'' if count == 1 else 's'} ended. API tokens are revoked below.")
    return redirect("profile")


@login_required
@require_POST
def keep_files(request: HttpRequest) -> HttpResponse:
    """Keep files for another while."""
    form = RetentionForm(request.POST)
    if form.is_valid():
        retention.choose(cast("User", request.user), form.cleaned_data["days"])
        messages.success(request, "Saved. What is older is removed within the hour.")
    else:
        messages.error(request, "Choose one of the times in the list.")
    return redirect("profile")
