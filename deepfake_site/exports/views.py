"""Ask for one's data, download them, throw the archive away."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from deepfake_site.exports import archive, selectors, services
from deepfake_site.exports.models import DataExport


@login_required
@require_POST
def request_export(request: HttpRequest) -> HttpResponse:
    """On its way; the profile says when it is there."""
    export = services.request(cast("User", request.user))
    if export.is_over:
        messages.info(request, "Your archive is only minutes old: download that one.")
    else:
        messages.success(request, "Your data are being collected. You get a mail when they are ready.")
    return redirect("profile")


@login_required
@require_safe
@never_cache
def download(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    """The archive, to its owner alone."""
    export = selectors.export_of(request.user, export_id)
    if export.state != DataExport.State.READY:
        raise Http404("not ready")
    try:
        file = archive.path_of(export.pk).open("rb")
    except FileNotFoundError as error:
        raise Http404("no longer there") from error
    services.note_download(export, cast("User", request.user))
    name = f"deepfake-check-{export.created_at:%Y-%m-%d}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


@login_required
@require_POST
def delete(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Only the archive: the data stay."""
    services.delete(selectors.export_of(request.user, export_id), cast("User", request.user))
    messages.success(request, "The archive was deleted.")
    return redirect("profile")
