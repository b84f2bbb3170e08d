"""What the owner does with a result: delete, cancel, run again."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from detection import services
from detection.selectors import runs_of, visible_detection
from detection.views.access import signed_in
from ml_core.errors import MediaError


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, detection_id: UUID) -> HttpResponse:
    """Ask once, then remove the file with everything that was found out about it."""
    detection = visible_detection(request.user, detection_id)
    if request.method != "POST":
        return render(request, "detection/delete.html", {"detection": detection, "runs": runs_of(detection.media)})
    services.delete_media(detection.media, cast("User", request.user))
    messages.success(request, f"{detection.media.name} and its results were deleted.")
    return redirect("home")


@signed_in
@require_POST
def cancel(request: HttpRequest, detection_id: UUID) -> HttpResponseBase:
    """Stop waiting for it."""
    detection = visible_detection(request.user, detection_id)
    services.cancel(detection, cast("User", request.user))
    return redirect("detection:result", detection.id)


@signed_in
@require_POST
def run_again(request: HttpRequest, detection_id: UUID) -> HttpResponseBase:
    """The same file with today's models, as a result of its own."""
    detection = visible_detection(request.user, detection_id)
    try:
        again = services.run_again(detection, cast("User", request.user))
    except MediaError as error:
        messages.error(request, error.sentence)
        return redirect("detection:result", detection.id)
    return redirect("detection:result", again.id)
