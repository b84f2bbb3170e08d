"""The history page and its exports."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from detection import exports
from detection.history import DEFAULT_SORT, HistoryForm, narrow, page_of, query_with, sort_links
from detection.models import Detection
from detection.selectors import detections_visible_to

BLUR = "blur_previews"  # in the session


def own(request: HttpRequest) -> QuerySet[Detection]:
    """A history is one's own, even for those who may see more elsewhere."""
    user = cast("User", request.user)
    return detections_visible_to(user).filter(owner=user)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def history(request: HttpRequest) -> HttpResponse:
    """Own detections; a POST only switches the blurring of the previews."""
    if request.method == "POST":
        request.session[BLUR] = request.POST.get("blur") == "on"
        return redirect(request.get_full_path())
    form = HistoryForm(request.GET)
    context = {
        "form": form,
        "page": page_of(narrow(own(request), form), request.GET.get("page")),
        "columns": sort_links(request.GET, form.chosen.get("sort", DEFAULT_SORT)),
        "query": query_with(request.GET, page=None),
        "blur": request.session.get(BLUR, False),
    }
    return render(request, "detection/history.html", context)


@login_required
@require_safe
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The filtered history as a file."""
    if form not in exports.FORMATS:
        raise Http404
    content_type, lines = exports.FORMATS[form]
    rows = narrow(own(request), HistoryForm(request.GET)).iterator(chunk_size=exports.CHUNK)
    response = StreamingHttpResponse(lines(rows), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="detections-{timezone.localdate():%Y-%m-%d}.{form}"'
    return response
