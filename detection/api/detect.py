"""POST /api/detect/…: files come in."""

import uuid
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from detection import quotas
from detection.api import idempotency, submissions
from detection.api.answers import ACCEPTED, accepted_or_done
from detection.api.permissions import HasScope
from detection.api.problems import Problem, as_problem, document
from detection.api.schema import ProblemSerializer
from detection.api.scopes import DETECT_READ, DETECT_WRITE
from detection.api.serializers import DetectionSerializer
from detection.api.submissions import Outcome, Wish
from detection.api.views import ApiView, person

MOST_FILES = 50
PREFER = OpenApiParameter(
    "Prefer",
    {"type": "string", "examples": ["wait=20"]},
    OpenApiParameter.HEADER,
    description="`wait=20`: answer 200 with the result if it is there within so many seconds (20 at most).",
)


class WishSerializer(serializers.Serializer[Any]):
    """What may be said beside the files."""

    may_train = serializers.BooleanField(default=False, help_text="May this file help to improve the detector?")
    force = serializers.BooleanField(
        default=False, help_text="Judge again, even where this model version has judged the same file before."
    )


class UploadSerializer(WishSerializer):
    """One file."""

    file = serializers.FileField(allow_empty_file=True, help_text="The bytes decide what it is, not the name.")


class BatchSerializer(WishSerializer):
    """Several files, each under the name `files`."""

    files = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), min_length=1, max_length=MOST_FILES
    )


class FileOutcomeSerializer(serializers.Serializer[Any]):
    """What became of one file: a detection or a problem."""

    name = serializers.CharField()
    existing = serializers.BooleanField(help_text="It was there before this request.")
    detection = DetectionSerializer(allow_null=True)
    problem = ProblemSerializer(allow_null=True)


class BatchOutcomeSerializer(serializers.Serializer[Any]):
    """In the order of the files."""

    batch = serializers.UUIDField()
    files = FileOutcomeSerializer(many=True)


class UploadView(ApiView):
    """Multipart in."""

    permission_classes = (HasScope.of(DETECT_READ, write=DETECT_WRITE),)
    parser_classes = (MultiPartParser,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whoever has no room left is told before the bytes are read."""
        super().initial(request, *args, **kwargs)
        quotas.check_upload(person(request), 0)

    def outcomes(self, request: Request, form: WishSerializer, files: list["UploadedFile[Any]"], **wish: Any) -> Any:
        """Submit them as the form wishes."""
        said = {name: form.validated_data[name] for name in ("may_train", "force")}
        return submissions.submit(person(request), files, Wish(**said, **wish), idempotency.key_of(request))


class DetectOne(UploadView):
    """One file of one kind."""

    kind = ""

    def receive(self, request: Request) -> Response:
        form = UploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        outcome: Outcome = self.outcomes(request, form, [form.validated_data["file"]], kind=self.kind)[0]
        if outcome.detection is None:
            raise as_problem(outcome.error or Problem("server_error"))
        return accepted_or_done(request, outcome.detection, existing=outcome.existing)


class DetectImage(DetectOne):
    kind = "image"

    @extend_schema(
        operation_id="detect_image",
        summary="Judge a picture",
        description="A JPG, PNG or WebP of at least 224 × 224 pixels. The detection is a job: wait for it.",
        parameters=[idempotency.PARAMETER, PREFER],
        request={"multipart/form-data": UploadSerializer},
        responses=ACCEPTED,
    )
    def post(self, request: Request) -> Response:
        return self.receive(request)


class DetectVideo(DetectOne):
    kind = "video"

    @extend_schema(
        operation_id="detect_video",
        summary="Judge a video",
        description="An MP4, AVI, MOV, MKV, FLV or WebM. 16 frames over its whole length are looked at.",
        parameters=[idempotency.PARAMETER, PREFER],
        request={"multipart/form-data": UploadSerializer},
        responses=ACCEPTED,
    )
    def post(self, request: Request) -> Response:
        return self.receive(request)


class DetectBatch(UploadView):
    """Several files, each accepted or refused by itself."""

    @extend_schema(
        operation_id="detect_batch",
        summary="Judge several files",
        description=f"Up to {MOST_FILES} pictures and videos. 202 where at least one was taken; `files` says which.",
        parameters=[idempotency.PARAMETER],
        request={"multipart/form-data": BatchSerializer},
        responses={
            202: BatchOutcomeSerializer,
            422: OpenApiResponse(ProblemSerializer, description="`none_accepted` (with `files`), `key_reused`"),
        },
    )
    def post(self, request: Request) -> Response:
        files = request.FILES.getlist("files")
        form = BatchSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        batch = uuid.uuid4()
        outcomes: list[Outcome] = self.outcomes(request, form, files, batch=batch)
        documents = [self.document(request, outcome) for outcome in outcomes]
        if not any(outcome.detection for outcome in outcomes):
            raise Problem("none_accepted", files=documents)
        known = next((one.detection.batch for one in outcomes if one.detection and one.detection.batch), batch)
        return Response({"batch": str(known), "files": documents}, status=202)

    def document(self, request: Request, outcome: Outcome) -> dict[str, Any]:
        """One line of the answer."""
        detection = outcome.detection
        shown = DetectionSerializer(detection, context={"request": request}).data if detection else None
        problem = None if detection else document(as_problem(outcome.error or Problem("server_error")))
        return {"name": outcome.name, "existing": outcome.existing, "detection": shown, "problem": problem}
