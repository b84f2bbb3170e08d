"""/api/detections/{id}: read, follow, cancel, run again, delete; and the history."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from detection import media_store, services
from detection.api import events
from detection.api.answers import accepted_or_done, current
from detection.api.detect import PREFER
from detection.api.filters import HistoryFilter, sorted_by
from detection.api.permissions import HasScope
from detection.api.problems import Problem
from detection.api.schema import ProblemSerializer
from detection.api.scopes import DETECT_READ, DETECT_WRITE
from detection.api.serializers import DetectionSerializer, DetectionSummarySerializer
from detection.api.views import ApiView, ListView, person
from detection.models import Detection
from detection.selectors import detections_visible_to, visible_detection
from detection.views.media import CONTENT_TYPES, derived, original_of

READ_OR_WRITE = HasScope.of(DETECT_READ, write=DETECT_WRITE)
EVENT: dict[str, Any] = {
    "type": "object",
    "description": "One event of the stream.",
    "properties": {
        "event": {"type": "string", "enum": ["status", "over"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "retry": {"type": "integer"},
    },
}
JPEG = {(200, "image/jpeg"): OpenApiTypes.BINARY}


class DetectionView(ApiView):
    permission_classes = (READ_OR_WRITE,)

    @extend_schema(
        operation_id="detection",
        summary="Status and result",
        parameters=[PREFER],
        responses={200: DetectionSerializer},
    )
    def get(self, request: Request, detection_id: UUID) -> Response:
        return current(request, visible_detection(person(request), detection_id))

    @extend_schema(
        operation_id="delete_detection",
        summary="Delete the file and its results",
        description="Takes the file with every detection on it, at once and for good.",
        responses={204: None},
    )
    def delete(self, request: Request, detection_id: UUID) -> Response:
        detection = visible_detection(person(request), detection_id)
        services.delete_media(detection.media, person(request))
        return Response(status=204)


class CancelView(ApiView):
    permission_classes = (READ_OR_WRITE,)

    @extend_schema(
        operation_id="cancel_detection",
        summary="Stop a detection that is not over",
        request=None,
        responses={200: DetectionSerializer, 409: OpenApiResponse(ProblemSerializer, description="`already_over`")},
    )
    def post(self, request: Request, detection_id: UUID) -> Response:
        detection = visible_detection(person(request), detection_id)
        if not services.cancel(detection, person(request)):
            raise Problem("already_over")
        detection.refresh_from_db()
        return current(request, detection)


class RunAgainView(ApiView):
    permission_classes = (READ_OR_WRITE,)

    @extend_schema(
        operation_id="run_again",
        summary="Judge the same file with today's models",
        parameters=[PREFER],
        request=None,
        responses={
            200: OpenApiResponse(DetectionSerializer, description="Done within `Prefer: wait`."),
            202: OpenApiResponse(DetectionSerializer, description="A new detection. `Location` says where."),
            410: OpenApiResponse(ProblemSerializer, description="`media_missing`"),
        },
    )
    def post(self, request: Request, detection_id: UUID) -> Response:
        detection = visible_detection(person(request), detection_id)
        return accepted_or_done(request, services.run_again(detection, person(request)))


class EventsView(ApiView):
    permission_classes = (HasScope.of(DETECT_READ),)

    @extend_schema(
        operation_id="detection_events",
        summary="Follow the status as server-sent events",
        description="Events `status` while it goes on, one event `over` at the end. Ask again where it ends without.",
        responses={(200, "text/event-stream"): EVENT},
    )
    def get(self, request: Request, detection_id: UUID) -> HttpResponseBase:
        detection = visible_detection(person(request), detection_id)
        response = StreamingHttpResponse(events.stream(detection), content_type="text/event-stream")
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"  # nginx would collect the events
        return response


class MediaView(ApiView):
    permission_classes = (HasScope.of(DETECT_READ),)

    @extend_schema(
        operation_id="detection_media",
        summary="The file as it was uploaded",
        parameters=[OpenApiParameter("Range", {"type": "string", "examples": ["bytes=0-1023"]}, "header")],
        responses={
            (200, *CONTENT_TYPES.values()): OpenApiTypes.BINARY,
            (206, *CONTENT_TYPES.values()): OpenApiTypes.BINARY,
            416: OpenApiResponse(ProblemSerializer, description="`range_not_satisfiable`"),
        },
    )
    def get(self, request: Request, detection_id: UUID) -> HttpResponseBase:
        detection = visible_detection(person(request), detection_id)
        response = original_of(detection.media, request.headers.get("Range", ""), detection.media.name)
        if response.status_code == 416:
            raise Problem("range_not_satisfiable", headers={"Content-Range": response["Content-Range"]})
        return response


class PreviewView(ApiView):
    permission_classes = (HasScope.of(DETECT_READ),)

    @extend_schema(
        operation_id="detection_preview",
        summary="The upright picture, at most 1600 pixels, without metadata",
        responses=JPEG,
    )
    def get(self, request: Request, detection_id: UUID) -> HttpResponseBase:
        return derived(media_store.preview_path(visible_detection(person(request), detection_id).media_id))


class FrameView(ApiView):
    permission_classes = (HasScope.of(DETECT_READ),)

    @extend_schema(
        operation_id="detection_frame",
        summary="One sampled frame of a video, at most 640 pixels",
        responses=JPEG,
    )
    def get(self, request: Request, detection_id: UUID, index: int) -> HttpResponseBase:
        return derived(media_store.frame_path(visible_detection(person(request), detection_id).media_id, index))


@extend_schema_view(
    get=extend_schema(
        operation_id="history",
        summary="Own detections",
        description="Without their evidence, newest first unless `sort` says otherwise.",
        tags=["detections"],
    )
)
class HistoryView(ListView):
    permission_classes = (HasScope.of(DETECT_READ),)
    serializer_class = DetectionSummarySerializer
    filterset_class = HistoryFilter
    queryset = Detection.objects.none()

    def get_queryset(self) -> QuerySet[Any]:
        user = person(self.request)
        own = detections_visible_to(user).filter(owner=user).defer("result")
        queryset, self.ordering = sorted_by(own, self.request.query_params.get("sort", ""))
        return queryset
