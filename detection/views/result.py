"""The result: live while it is made, then the verdict with its evidence."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from detection.evidence import as_document, evidence_of
from detection.models import Detection
from detection.moderation import notices
from detection.moderation.reviews import review_of
from detection.progress import progress, steps
from detection.provenance import provenance_of
from detection.selectors import visible_detection
from detection.views.access import signed_in
from ml_core.errors import ERRORS


def context_of(detection: Detection, viewer: AbstractBaseUser | AnonymousUser) -> dict[str, Any]:
    """What the page and its inner part show."""
    return {
        "detection": detection,
        "media": detection.media,
        "evidence": evidence_of(detection),
        "progress": progress(detection),
        "steps": steps(detection),
        "error": ERRORS.get(detection.error_code),
        "review": review_of(detection),
        "provenance": provenance_of(detection, viewer),
    }


@signed_in
@require_safe
@never_cache
def result(request: HttpRequest, detection_id: UUID) -> HttpResponse:
    """The whole page, in whatever state the detection is."""
    detection = visible_detection(request.user, detection_id)
    notices.seen(detection)
    return render(request, "detection/result.html", context_of(detection, request.user))


@signed_in
@require_safe
@never_cache
def evidence(request: HttpRequest, detection_id: UUID) -> HttpResponse:
    """The page's inner part alone: the script puts it in when the detection is over."""
    return render(
        request, "detection/_body.html", context_of(visible_detection(request.user, detection_id), request.user)
    )


@signed_in
@require_safe
@never_cache
def status(request: HttpRequest, detection_id: UUID) -> HttpResponseBase:
    """What the page asks for while it waits."""
    return JsonResponse(progress(visible_detection(request.user, detection_id)))


@signed_in
@require_safe
@never_cache
def evidence_json(request: HttpRequest, detection_id: UUID) -> HttpResponseBase:
    """Everything that was found out, as a file."""
    detection = visible_detection(request.user, detection_id)
    response = JsonResponse(as_document(detection), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = f'attachment; filename="detection-{detection.id}.json"'
    return response
