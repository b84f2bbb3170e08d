"""Own webhooks: the list, one with its log, add, edit, delete."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from detection.webhooks import selectors, services, signing
from detection.webhooks.errors import WebhookError
from detection.webhooks.forms import EndpointForm
from detection.webhooks.models import WebhookEndpoint

PAGE_SIZE = 25
JUST_MADE = "webhook_just_made"  # in the session: whose secret is shown on the next page, and never the secret


@login_required
@require_safe
def endpoints(request: HttpRequest) -> HttpResponse:
    """All of one's own."""
    rows = selectors.endpoints_of(request.user)
    return render(request, "webhooks/endpoints.html", {"endpoints": rows, "most": services.MAX_ENDPOINTS})


@login_required
@require_safe
@never_cache
def endpoint(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """One with the log of its deliveries; right after it was made, with its secret."""
    found = selectors.endpoint_of(request.user, endpoint_id)
    log = Paginator(selectors.deliveries_of(found).defer("body", "response_head"), PAGE_SIZE)
    page = log.get_page(request.GET.get("page"))
    context = {"endpoint": found, "page": page, "secret": secret_to_show(request, found)}
    return render(request, "webhooks/endpoint.html", context)


def secret_to_show(request: HttpRequest, found: WebhookEndpoint) -> str:
    """The new secret, the first time that the page is opened after it was made."""
    if request.method != "GET" or request.session.get(JUST_MADE) != str(found.pk):
        return ""
    del request.session[JUST_MADE]
    return signing.secret_of(found.secret_salt)


def to_endpoint(request: HttpRequest, found: WebhookEndpoint, *, new_secret: bool = False) -> HttpResponse:
    """Back to its page."""
    if new_secret:
        request.session[JUST_MADE] = str(found.pk)
    return redirect("webhooks:endpoint", found.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new one; its page then shows the secret."""
    form = EndpointForm(request.POST or None)
    if form.is_valid():
        try:
            made, _ = services.add(cast("User", request.user), **form.cleaned_data)
        except WebhookError as error:
            form.add_error(None, error.sentence)
        else:
            return to_endpoint(request, made, new_secret=True)
    return form_page(request, form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Another address, name or other events."""
    found = selectors.endpoint_of(request.user, endpoint_id)
    form = EndpointForm(request.POST or None, found)
    if form.is_valid():
        services.change(found, cast("User", request.user), **form.cleaned_data)
        messages.success(request, "The webhook was saved.")
        return to_endpoint(request, found)
    return form_page(request, form, endpoint=found)


def form_page(request: HttpRequest, form: EndpointForm, **more: Any) -> HttpResponse:
    """The form, empty, filled or with what is wrong."""
    return render(request, "webhooks/form.html", {"form": form, **more})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Ask once."""
    found = selectors.endpoint_of(request.user, endpoint_id)
    if request.method != "POST":
        return render(request, "webhooks/delete.html", {"endpoint": found})
    services.delete(found, cast("User", request.user))
    messages.success(request, "The webhook was deleted.")
    return redirect("webhooks:endpoints")
