"""The statistics page, for leads."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from detection.moderation.report import DEFAULT_DAYS, PERIODS, Report, csv_lines
from detection.moderation.views.access import leads_only


def asked(request: HttpRequest) -> Report:
    """For the period in the address; one that is not offered is the usual one."""
    text = request.GET.get("days", "")
    days = int(text) if text.isdecimal() and len(text) < 5 else DEFAULT_DAYS
    return Report(days if days in PERIODS else DEFAULT_DAYS)


@leads_only
@require_safe
@never_cache
def statistics(request: HttpRequest) -> HttpResponse:
    """How moderation goes."""
    return render(request, "moderation/statistics.html", {"report": asked(request), "periods": PERIODS})


@leads_only
@require_safe
def statistics_csv(request: HttpRequest) -> HttpResponseBase:
    """Every number of the page."""
    response = StreamingHttpResponse(csv_lines(asked(request)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="moderation-{timezone.localdate():%Y-%m-%d}.csv"'
    return response
