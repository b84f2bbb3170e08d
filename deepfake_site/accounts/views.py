"""Register, profile and the end of an account; the rest are Django's own views."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from deepfake_site.accounts import services
from deepfake_site.accounts.forms import CurrentPasswordForm, NewPasswordForm, ProfileForm, RegisterForm
from deepfake_site.accounts.sessions import sign_out_others
from detection.api.tokens import revoke_all


def next_page(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is a place on this site; else the start page."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else resolve_url(settings.LOGIN_REDIRECT_URL)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Makes the account, signs in and goes on to where the person came from."""
    if request.user.is_authenticated:
        return redirect(next_page(request))
    form = RegisterForm(request.POST or None)
    if form.is_valid():
        login(request, services.register(form), backend="django.contrib.auth.backends.ModelBackend")
        return redirect(next_page(request))
    return render(request, "registration/register.html", {"form": form, "next": request.GET.get("next", "")})


class PasswordChange(PasswordChangeView):
    """Django's own, which ends on the profile; API tokens end with the old password where the person says so."""

    success_url = reverse_lazy("profile")
    form_class = NewPasswordForm

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        response = super().form_valid(form)
        user = cast("User", self.request.user)
        sign_out_others(user, self.request.session.session_key)
        revoked = revoke_all(user, user) if form.cleaned_data["revoke_tokens"] else 0
        words = f" {revoked} API token{'s' if revoked != 1 else ''} revoked." if revoked else ""
        messages.success(self.request, f"Your password was changed.{words}")
        return response


@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name and address, what is stored, and the way to everything else about the account."""
    user = cast("User", request.user)
    form = ProfileForm(user, request.POST or None)
    if form.is_valid():
        services.change_profile(user, form)
        messages.success(request, "Your profile was saved.")
        return redirect("profile")
    return render(request, "accounts/profile.html", {"form": form, "stored": services.stored_by(user)})


@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """Asks once, with the password; then the account and all its media are gone."""
    user = cast("User", request.user)
    form = CurrentPasswordForm(user, request.POST or None)
    if form.is_valid():
        services.close(user)
        logout(request)
        messages.success(request, "Your account and everything you uploaded were deleted.")
        return redirect("login")
    return render(request, "accounts/delete.html", {"form": form, "stored": services.stored_by(user)})
