"""What the owner of a result can do about it: dispute the machine's verdict, appeal against people's decision."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from detection.moderation import services
from detection.moderation.errors import ModerationError
from detection.moderation.forms import WordsForm
from detection.moderation.reviews import review_of
from detection.selectors import visible_detection
from detection.views.access import signed_in


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, detection_id: UUID) -> HttpResponseBase:
    """Say why the verdict is wrong; people will look at it."""
    detection = visible_detection(request.user, detection_id)
    form = WordsForm(request.POST or None)
    if not form.is_valid():
        return render(request, "moderation/dispute.html", {"detection": detection, "form": form})
    try:
        services.report(detection, cast("User", request.user), form.cleaned_data["text"])
    except ModerationError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, "Thank you. A moderator will look at it.")
    return redirect("detection:result", detection.id)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: HttpRequest, detection_id: UUID) -> HttpResponse | HttpResponseBase:
    """Say why people's decision is wrong; somebody else will look at it."""
    detection = visible_detection(request.user, detection_id)
    review = review_of(detection)
    form = WordsForm(request.POST or None)
    if not review.can_appeal:
        messages.error(request, ModerationError("nothing_to_appeal").sentence)
        return redirect("detection:result", detection.id)
    if not form.is_valid():
        return render(request, "moderation/appeal.html", {"detection": detection, "form": form, "review": review})
    try:
        services.appeal(cast("int", review.case_id), cast("User", request.user), form.cleaned_data["text"])
    except ModerationError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, "Your appeal was taken. A moderator who has not decided about it before will answer.")
    return redirect("detection:result", detection.id)
