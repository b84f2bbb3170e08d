"""One case, and everything that is done with it."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from detection.moderation import access, claims, services
from detection.moderation.dossier import Dossier, dossier
from detection.moderation.errors import ModerationError
from detection.moderation.forms import DecisionForm, initial_from
from detection.moderation.models import Decision, DecisionTemplate
from detection.moderation.selectors import undoable
from detection.moderation.views.access import leads_only, moderators_only
from detection.moderation.views.queue import blurred, go_on


def page(request: HttpRequest, shown: Dossier, form: DecisionForm, status: int = 200) -> HttpResponse:
    """The page in whatever state the case is."""
    context: dict[str, Any] = {
        "dossier": shown,
        "case": shown.case,
        "detection": shown.detection,
        "media": shown.media,
        "evidence": shown.evidence,
        "form": form,
        "templates": DecisionTemplate.objects.all() if shown.held else (),
        "undoable": undoable(shown.user),
        "leads": access.leads(shown.user),
        "blur": blurred(request),
    }
    return render(request, "moderation/case.html", context, status=status)


def asked(request: HttpRequest, case_id: int) -> Dossier:
    return dossier(cast("User", request.user), case_id)


def back(request: HttpRequest, case_id: int, error: ModerationError) -> HttpResponseBase:
    """To the case, with the sentence that says what to do."""
    messages.error(request, error.sentence)
    return redirect("moderation:case", case_id)


@moderators_only
@require_safe
@never_cache
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Media, evidence, history, and the form for whoever holds it; `?template=` fills the form."""
    shown = asked(request, case_id)
    return page(request, shown, DecisionForm(shown.case, initial=initial_from(request.GET.get("template"))))


@moderators_only
@require_POST
def claim(request: HttpRequest, case_id: int) -> HttpResponseBase:
    """Take this one, or keep it for another quarter of an hour."""
    shown = asked(request, case_id)
    try:
        claims.claim(shown.case.pk, shown.user)
    except ModerationError as error:
        return back(request, case_id, error)
    return redirect("moderation:case", case_id)


@moderators_only
@require_POST
def release(request: HttpRequest, case_id: int) -> HttpResponseBase:
    """Give it back."""
    shown = asked(request, case_id)
    if claims.release(shown.case.pk, shown.user):
        messages.info(request, f"Case {case_id} is back in the queue.")
    return redirect("moderation:queue")


@moderators_only
@require_POST
def decide(request: HttpRequest, case_id: int) -> HttpResponseBase:
    """Decide, then go on to the next case or stay."""
    shown = asked(request, case_id)
    form = DecisionForm(shown.case, request.POST)
    if not form.is_valid():
        return page(request, shown, form, status=400) if shown.held else redirect("moderation:case", case_id)
    try:
        services.decide(shown.case.pk, shown.user, form.choice)
    except ModerationError as error:
        return back(request, case_id, error)
    return redirect("moderation:case", case_id) if request.POST.get("then") == "stay" else go_on(request)


@moderators_only
@require_POST
def escalate(request: HttpRequest, case_id: int) -> HttpResponseBase:
    """Ask a lead; what stands in the note goes along."""
    shown = asked(request, case_id)
    try:
        services.escalate(shown.case.pk, shown.user, request.POST.get("note", "").strip())
    except ModerationError as error:
        return back(request, case_id, error)
    messages.info(request, f"Case {case_id} waits for a lead.")
    return go_on(request)


@moderators_only
@require_POST
def undo(request: HttpRequest, decision_id: int) -> HttpResponseBase:
    """Take one's own last decision back."""
    user = cast("User", request.user)
    if not Decision.objects.filter(pk=decision_id, moderator=user).exists():
        raise Http404("no such decision")
    try:
        case = services.undo(decision_id, user)
    except ModerationError as error:
        messages.error(request, error.sentence)
        return redirect("moderation:queue")
    messages.success(request, "Taken back: decide again.")
    return redirect("moderation:case", case.pk)


@leads_only
@require_POST
def make_known(request: HttpRequest, case_id: int) -> HttpResponseBase:
    """From now on this case measures moderators."""
    shown = asked(request, case_id)
    try:
        services.make_known(shown.case.pk, shown.user)
    except ModerationError as error:
        return back(request, case_id, error)
    messages.success(request, "It will be mixed into the queue now and then.")
    return redirect("moderation:case", case_id)
