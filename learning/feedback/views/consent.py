"""Whether files may train: one file, and what is uploaded from now on."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from detection.selectors import visible_detection
from detection.views.access import signed_in
from learning.feedback import services


@signed_in
@require_POST
def media(request: HttpRequest, detection_id: UUID) -> HttpResponseBase:
    """The owner's yes or no for this file; the next training already follows it."""
    detection = visible_detection(request.user, detection_id)
    allowed = request.POST.get("may_train") == "yes"
    if services.allow_training(detection.media, cast("User", request.user), allowed):
        words = "may now help to improve the detector" if allowed else "will not be in any further training"
        messages.success(request, f"{detection.media.name} {words}.")
    return redirect("detection:result", detection.id)


@signed_in
@require_POST
def default(request: HttpRequest) -> HttpResponseBase:
    """Where the switch on the upload page starts."""
    allowed = request.POST.get("by_default") == "yes"
    services.allow_by_default(cast("User", request.user), allowed)
    messages.success(request, f"On the upload page the switch now starts {'on' if allowed else 'off'}.")
    return redirect("profile")
