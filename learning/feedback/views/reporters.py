"""For administrators: how far each reporter is believed, and setting one aside."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from detection.views.access import signed_in
from learning.feedback import services, statistics
from learning.feedback.forms import SetAsideForm
from learning.feedback.selectors import reporters_known

PER_PAGE = 50
SEE = "feedback.view_reportertrust"
SET_ASIDE = "feedback.set_aside_reporter"


@signed_in
@permission_required(SEE, raise_exception=True)
@require_safe
def table(request: HttpRequest) -> HttpResponse:
    """Everybody whose word was weighed, the least believed first."""
    page = Paginator(reporters_known(), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "may_set_aside": request.user.has_perm(SET_ASIDE),
        "totals": statistics.totals(),
        "levels": statistics.reporters_by_level(),
        "labels": statistics.standing_labels(),
    }
    return render(request, "feedback/reporters.html", context)


@signed_in
@permission_required(SET_ASIDE, raise_exception=True)
@require_POST
def set_aside(request: HttpRequest, person_id: int) -> HttpResponseBase:
    """One click: this person's word counts no more, and the labels are rebuilt without it."""
    person = get_object_or_404(User, pk=person_id)
    form = SetAsideForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    changed = services.set_aside(person, cast("User", request.user), reason)
    messages.success(request, f"{person.get_username()} is set aside. Labels that changed: {changed}.")
    return redirect("feedback:reporters")


@signed_in
@permission_required(SET_ASIDE, raise_exception=True)
@require_POST
def take_back(request: HttpRequest, person_id: int) -> HttpResponseBase:
    """And the way back."""
    person = get_object_or_404(User, pk=person_id)
    changed = services.take_back(person, cast("User", request.user))
    messages.success(request, f"{person.get_username()} counts again. Labels that changed: {changed}.")
    return redirect("feedback:reporters")


@signed_in
@permission_required(SET_ASIDE, raise_exception=True)
@require_POST
def rebuild(request: HttpRequest) -> HttpResponseBase:
    """Settle every label anew from its evidence."""
    changed = services.rebuild(cast("User", request.user))
    messages.success(request, f"All labels were built anew. Labels that changed: {changed}.")
    return redirect("feedback:reporters")
