"""The home page and what is dropped onto it."""

import uuid
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from detection import services, uploads
from detection.forms import UploadForm
from detection.models import Detection
from detection.selectors import latest_detections
from detection.views.access import signed_in, wants_json
from ml_core.errors import ERRORS, MediaError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    name: str
    detection: Detection | None = None
    error: MediaError | None = None

    @property
    def status(self) -> int:
        return self.error.status if self.error else 201

    def as_json(self) -> dict[str, str]:
        if self.error:
            return {"code": self.error.code, "detail": self.error.sentence}
        detection = cast("Detection", self.detection)
        return {"id": str(detection.id), "url": detection_url(detection)}


def detection_url(detection: Detection) -> str:
    """Where the result will stand."""
    return reverse("detection:result", args=[detection.id])


@signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The drop zone and the last results."""
    return page(request, [])


@signed_in
@require_POST
def upload(request: HttpRequest) -> HttpResponseBase:
    """Every file by itself: one that is refused does not stop the others."""
    files = request.FILES.getlist("files")
    form = UploadForm(request.POST)
    form.is_valid()
    batch = form.cleaned_data.get("batch") or (uuid.uuid4() if len(files) > 1 else None)
    outcomes = [take(request, file, bool(form.cleaned_data.get("may_train")), batch) for file in files]
    if not outcomes:
        outcomes = [Outcome("", error=MediaError("no_file"))]
    return answer(request, outcomes)


def take(request: HttpRequest, file: "UploadedFile[Any]", may_train: bool, batch: uuid.UUID | None) -> Outcome:
    """Accept and submit one file, or say why not."""
    name = uploads.display_name(file.name)
    try:
        accepted = uploads.accept(file)
    except MediaError as error:
        return Outcome(name, error=error)
    try:
        owner = cast("User", request.user)
        detection = services.submit_upload(owner, accepted, name=name, may_train=may_train, batch=batch)
    except MediaError as error:
        return Outcome(name, error=error)
    finally:
        accepted.discard()
    return Outcome(name, detection)


def answer(request: HttpRequest, outcomes: list[Outcome]) -> HttpResponseBase:
    """JSON to the script; to a plain form the result of a single file, or a list of what became of each."""
    refused = [outcome for outcome in outcomes if outcome.error]
    status = refused[0].status if len(refused) == len(outcomes) else 200
    if wants_json(request):
        if len(outcomes) == 1:
            return JsonResponse(outcomes[0].as_json(), status=outcomes[0].status)
        return JsonResponse({"files": [{"name": one.name, **one.as_json()} for one in outcomes]}, status=status)
    if len(outcomes) == 1 and outcomes[0].detection:
        return redirect("detection:result", outcomes[0].detection.id)
    return page(request, outcomes, status)


def page(request: HttpRequest, outcomes: list[Outcome], status: int = 200) -> HttpResponse:
    """The home page, with what became of the files just sent."""
    context: dict[str, Any] = {
        "outcomes": outcomes,
        "latest": latest_detections(request.user),
        "max_bytes": settings.DEEPFAKE_MAX_UPLOAD_BYTES,
        "sentences": {code: ERRORS[code].sentence for code in ("too_large", "empty", "unsupported_type")},
    }
    return render(request, "detection/home.html", context, status=status)
