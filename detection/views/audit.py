"""The audit trail for leads: to read, and as a file."""

from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from detection import audit_export
from detection.audit_chain import head
from detection.audit_trail import TrailForm, narrow, portion_of
from detection.history import query_with
from detection.selectors import audit_events_visible_to
from detection.views.access import View, signed_in

READ = "detection.view_auditevent"


def readers_only(view: Callable[..., HttpResponseBase]) -> View:
    """Anonymous visitors sign in first; for others without the right there is no such page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.has_perm(READ):
            raise Http404("no such page")
        return view(request, *args, **kwargs)

    return signed_in(guarded)


@readers_only
@require_safe
@never_cache
def trail(request: HttpRequest) -> HttpResponse:
    """The newest events, filtered, with a link to older ones."""
    form = TrailForm(request.GET)
    context = {
        "form": form,
        "portion": portion_of(audit_events_visible_to(request.user), form),
        "query": query_with(request.GET, below=None),
        "head": head(),
    }
    return render(request, "detection/audit.html", context)


@readers_only
@require_safe
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The filtered trail as a file, in the order of the chain."""
    if form not in audit_export.FORMATS:
        raise Http404
    content_type, lines = audit_export.FORMATS[form]
    events = narrow(audit_events_visible_to(request.user), TrailForm(request.GET))
    response = StreamingHttpResponse(lines(audit_export.rows(events)), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="audit-{timezone.localdate():%Y-%m-%d}.{form}"'
    return response
