"""The queue: what waits, live, and the next case."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from detection.moderation import claims
from detection.moderation.errors import ModerationError
from detection.moderation.queue import SHOWN, QueueForm, overview, shown_to
from detection.moderation.selectors import undoable
from detection.moderation.views.access import moderators_only

BLUR = "moderation_blur"  # in the session; on until somebody wants it otherwise


def blurred(request: HttpRequest) -> bool:
    """Is media blurred until wanted?"""
    return bool(request.session.get(BLUR, True))


def context_of(request: HttpRequest) -> dict[str, Any]:
    """What the page and its live part show."""
    user, form = cast("User", request.user), QueueForm(request.GET)
    chosen = form.chosen
    return {
        "form": form,
        "chosen": chosen,
        "overview": overview(),
        "cases": shown_to(user, chosen),
        "shown": SHOWN,
        "undoable": undoable(user),
        "blur": blurred(request),
        "query": request.GET.urlencode(),
    }


@moderators_only
@require_safe
@never_cache
def queue(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "moderation/queue.html", context_of(request))


@moderators_only
@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """Its changing part alone: the script asks for it every few seconds."""
    return render(request, "moderation/_queue_live.html", context_of(request))


@moderators_only
@require_POST
def take_next(request: HttpRequest) -> HttpResponseBase:
    """The best case, claimed."""
    return go_on(request)


@moderators_only
@require_POST
def blur(request: HttpRequest) -> HttpResponseBase:
    """Switch the blurring of media on or off, for this session."""
    request.session[BLUR] = request.POST.get("blur") == "on"
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if safe else "moderation:queue")


def go_on(request: HttpRequest) -> HttpResponseBase:
    """To the next case, or back to the queue where nothing waits."""
    try:
        case = claims.take_next(cast("User", request.user))
    except ModerationError as error:
        messages.info(request, error.sentence)
        return redirect("moderation:queue")
    return redirect("moderation:case", case.pk)
