"""The uploaded bytes and what was made of them. Private: every address goes through the selectors."""

from pathlib import Path
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from detection import media_store
from detection.models import MediaFile
from detection.ranges import RangeReader, Unsatisfiable, parse_range
from detection.selectors import viewable_detection
from detection.views.access import signed_in

# Never the browser's guess and never the uploader's word: the probe found the format out.
CONTENT_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
    "flv": "video/x-flv",
}
CACHE_SECONDS = 3600


@signed_in
@require_safe
def original(request: HttpRequest, detection_id: UUID) -> HttpResponseBase:
    """The file as it was uploaded, whole or in part; a player plays it, a click downloads it. Of flagged media people
    who moderate get the videos, which have to be played, and no picture: its preview is free of metadata. No name."""
    detection = viewable_detection(request.user, detection_id)
    media, own = detection.media, detection.owner_id == request.user.pk
    if not own and media.kind == MediaFile.Kind.IMAGE:
        raise Http404("the preview is enough")
    return original_of(media, request.headers.get("Range", ""), media.name if own else "")


def original_of(media: MediaFile, range_header: str, name: str) -> HttpResponseBase:
    """The file, or the part of it that the header asks for, to be saved under this name if it has one."""
    if not media.file or not media.file.storage.exists(media.file.name or ""):
        raise Http404("the file is no longer stored")
    size = media.file.size
    try:
        wanted = parse_range(range_header, size)
    except Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    return private(partial(media, wanted, size), CONTENT_TYPES[media.format], name)


def partial(media: MediaFile, wanted: tuple[int, int] | None, size: int) -> HttpResponseBase:
    """206 for a range, 200 for everything."""
    start, end = wanted or (0, size - 1)
    response = StreamingHttpResponse(RangeReader(media.file.open("rb"), start, end), status=206 if wanted else 200)
    response["Accept-Ranges"] = "bytes"
    response["Content-Length"] = str(end - start + 1)
    if wanted:
        response["Content-Range"] = f"bytes {start}-{end}/{size}"
    return response


@signed_in
@require_safe
def preview(request: HttpRequest, detection_id: UUID) -> HttpResponseBase:
    """The small picture that stands for the file."""
    return derived(media_store.preview_path(viewable_detection(request.user, detection_id).media_id))


@signed_in
@require_safe
def frame(request: HttpRequest, detection_id: UUID, index: int) -> HttpResponseBase:
    """One of the sampled frames of a video."""
    return derived(media_store.frame_path(viewable_detection(request.user, detection_id).media_id, index))


def derived(path: Path) -> HttpResponseBase:
    """A JPEG that the worker made and that lies beside the upload."""
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise Http404("no such picture") from error
    return private(FileResponse(file), "image/jpeg", "")


def private(response: HttpResponseBase, content_type: str, name: str) -> HttpResponseBase:
    """Headers that keep an uploaded file from being anything but data."""
    response["Content-Type"] = content_type
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = f"private, max-age={CACHE_SECONDS}"
    if name:
        response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
