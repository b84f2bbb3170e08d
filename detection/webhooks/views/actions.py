"""The buttons: ping, redeliver, a new secret, on and off; and one delivery with what was sent and answered."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from detection.webhooks import selectors, services, switch
from detection.webhooks.errors import WebhookError
from detection.webhooks.log import shown
from detection.webhooks.views.endpoints import to_endpoint


@login_required
@require_safe
@never_cache
def delivery(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """One line of the log, whole."""
    found = selectors.delivery_of(request.user, delivery_id)
    context = {"delivery": found, "endpoint": found.endpoint, "shown": shown(found)}
    return render(request, "webhooks/delivery.html", context)


@login_required
@require_POST
def redeliver(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """The same event once more."""
    found = selectors.delivery_of(request.user, delivery_id)
    try:
        again = services.redeliver(found, cast("User", request.user))
    except WebhookError as error:
        messages.error(request, error.sentence)
        return redirect("webhooks:delivery", found.pk)
    messages.success(request, "The event is on its way again.")
    return redirect("webhooks:delivery", again.pk)


@login_required
@require_POST
def ping(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """A test event, now."""
    found = selectors.endpoint_of(request.user, endpoint_id)
    try:
        sent = services.ping(found, cast("User", request.user))
    except WebhookError as error:
        messages.error(request, error.sentence)
        return to_endpoint(request, found)
    messages.success(request, "A ping is on its way. Reload this page to see what came back.")
    return redirect("webhooks:delivery", sent.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def renew_secret(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Ask once, then show the new one."""
    found = selectors.endpoint_of(request.user, endpoint_id)
    if request.method != "POST":
        return render(request, "webhooks/renew_secret.html", {"endpoint": found})
    services.renew_secret(found, cast("User", request.user))
    return to_endpoint(request, found, new_secret=True)


@login_required
@require_POST
def turn(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """On where the button says so, else off."""
    found = selectors.endpoint_of(request.user, endpoint_id)
    if request.POST.get("to") == "on":
        switch.on(found, cast("User", request.user))
        messages.success(request, "The webhook is on. It gets what happens from now on.")
    else:
        switch.off(found, cast("User", request.user))
        messages.success(request, "The webhook is off. Nothing is sent there.")
    return to_endpoint(request, found)
