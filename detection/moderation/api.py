"""Moderation for programs: the same acts as on the pages, for accounts that may."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from detection import media_store
from detection.api.permissions import HasPermission, HasScope
from detection.api.problems import Problem
from detection.api.schema import ProblemSerializer
from detection.api.scopes import DETECT_READ, DETECT_WRITE, MODERATE
from detection.api.views import ApiView, ListView, person
from detection.models import MediaFile
from detection.moderation import access, claims, services
from detection.moderation.dossier import dossier
from detection.moderation.errors import ModerationError
from detection.moderation.models import Decision, ModerationCase
from detection.moderation.queue import AGES, QueueForm, waiting_for
from detection.moderation.reviews import review_of
from detection.moderation.serializers import (
    CaseRowSerializer,
    CaseSerializer,
    ChoiceSerializer,
    NoteSerializer,
    ReviewSerializer,
    WordsSerializer,
)
from detection.moderation.services import Choice
from detection.moderation.words import Reason
from detection.selectors import visible_detection
from detection.views.media import derived


def conflict(*codes: str) -> OpenApiResponse:
    """How a refusal by the rules is documented."""
    return OpenApiResponse(ProblemSerializer, description=", ".join(f"`{code}`" for code in codes))


BUSY = conflict("held_by_another", "already_over")
NOT_HELD = conflict("not_held", "already_over", "appeal_needs_answer")


class RulesView(ApiView):
    """Refusals of moderation become problems."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, ModerationError):
            exc = Problem(exc.code, exc.status, exc.sentence)
        return super().handle_exception(exc)


class ModerationView(RulesView):
    """Scope and role: a token alone moderates nothing."""

    permission_classes = (HasScope.of(MODERATE), HasPermission.of(access.MODERATE))

    def shown(self, request: Request, case_id: int) -> Response:
        """The case as it is now."""
        return Response(CaseSerializer(dossier(person(request), case_id)).data)


class Queue(ModerationView, ListView):
    """What waits for this person."""

    queryset = ModerationCase.objects.none()  # for the document, which is made for nobody
    serializer_class = CaseRowSerializer
    ordering = ("-rank", "id")

    def get_queryset(self) -> QuerySet[ModerationCase]:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        if self.request.query_params.get("mine", "true") not in {"true", "false"}:
            raise Problem("invalid", errors=[{"field": "mine", "code": "invalid", "detail": "true or false."}])
        form = QueueForm(self.request.query_params)
        if not form.is_valid():
            errors = [{"field": name, "code": "invalid", "detail": words[0]} for name, words in form.errors.items()]
            raise Problem("invalid", errors=errors)
        return waiting_for(person(self.request), form.chosen)

    @extend_schema(
        operation_id="moderation_queue",
        summary="Flagged results that wait for you, by priority",
        parameters=[
            OpenApiParameter("reason", str, enum=Reason.values),
            OpenApiParameter("kind", str, enum=MediaFile.Kind.values),
            OpenApiParameter("age", str, enum=list(AGES), description="Waits for longer than this."),
            OpenApiParameter("mine", bool, description="Only what you hold."),
        ],
        responses=CaseRowSerializer(many=True),
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)


class Next(ModerationView):
    @extend_schema(
        operation_id="moderation_next",
        summary="Claim the best case for a quarter of an hour",
        description="Two people who ask at the same time get two cases. What you hold already comes first.",
        request=None,
        responses={200: CaseSerializer, 404: conflict("nothing_to_do")},
    )
    def post(self, request: Request) -> Response:
        return self.shown(request, claims.take_next(person(request)).pk)


class Case(ModerationView):
    @extend_schema(operation_id="moderation_case", summary="One case", responses=CaseSerializer)
    def get(self, request: Request, case_id: int) -> Response:
        return self.shown(request, case_id)


class Preview(ModerationView):
    @extend_schema(
        operation_id="moderation_preview",
        summary="The flagged picture, or a frame of the video, without metadata",
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, case_id: int) -> HttpResponseBase:
        return derived(media_store.preview_path(dossier(person(request), case_id).media.pk))


class Claim(ModerationView):
    @extend_schema(
        operation_id="moderation_claim",
        summary="Claim this case, or keep it for another quarter of an hour",
        request=None,
        responses={200: CaseSerializer, 409: BUSY},
    )
    def post(self, request: Request, case_id: int) -> Response:
        claims.claim(dossier(person(request), case_id).case.pk, person(request))
        return self.shown(request, case_id)


class Release(ModerationView):
    @extend_schema(
        operation_id="moderation_release",
        summary="Give the case back to the queue",
        request=None,
        responses={200: CaseSerializer, 409: conflict("not_held")},
    )
    def post(self, request: Request, case_id: int) -> Response:
        if not claims.release(dossier(person(request), case_id).case.pk, person(request)):
            raise ModerationError("not_held")
        return self.shown(request, case_id)


class Decide(ModerationView):
    @extend_schema(
        operation_id="moderation_decide",
        summary="Decide the case that you hold",
        request=ChoiceSerializer,
        responses={200: CaseSerializer, 409: NOT_HELD},
    )
    def post(self, request: Request, case_id: int) -> Response:
        shown = dossier(person(request), case_id)
        form = ChoiceSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.decide(shown.case.pk, person(request), Choice(**form.validated_data))
        return self.shown(request, case_id)


class Escalate(ModerationView):
    @extend_schema(
        operation_id="moderation_escalate",
        summary="Ask a lead instead of deciding",
        request=NoteSerializer,
        responses={200: CaseSerializer, 409: NOT_HELD},
    )
    def post(self, request: Request, case_id: int) -> Response:
        shown = dossier(person(request), case_id)
        form = NoteSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.escalate(shown.case.pk, person(request), form.validated_data["note"])
        return self.shown(request, case_id)


class Undo(ModerationView):
    @extend_schema(
        operation_id="moderation_undo",
        summary="Take back your last decision, within half a minute",
        request=None,
        responses={200: CaseSerializer, 409: conflict("undo_too_late")},
    )
    def post(self, request: Request, decision_id: int) -> Response:
        if not Decision.objects.filter(pk=decision_id, moderator=person(request)).exists():
            raise Http404
        return self.shown(request, services.undo(decision_id, person(request)).pk)


class OwnReview(RulesView):
    permission_classes = (HasScope.of(DETECT_READ),)

    @extend_schema(
        operation_id="detection_review", summary="What people say about a result of yours", responses=ReviewSerializer
    )
    def get(self, request: Request, detection_id: UUID) -> Response:
        return Response(ReviewSerializer(review_of(visible_detection(person(request), detection_id))).data)


class Dispute(RulesView):
    permission_classes = (HasScope.of(DETECT_WRITE),)

    @extend_schema(
        operation_id="detection_dispute",
        summary="Say that a verdict is wrong: a person will look at it",
        request=WordsSerializer,
        responses={200: ReviewSerializer, 409: conflict("not_finished")},
    )
    def post(self, request: Request, detection_id: UUID) -> Response:
        detection = visible_detection(person(request), detection_id)
        form = WordsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.report(detection, person(request), form.validated_data["text"])
        return Response(ReviewSerializer(review_of(detection)).data)


class OwnAppeal(RulesView):
    permission_classes = (HasScope.of(DETECT_WRITE),)

    @extend_schema(
        operation_id="detection_appeal",
        summary="Appeal against people's decision, once",
        request=WordsSerializer,
        responses={200: ReviewSerializer, 409: conflict("nothing_to_appeal", "already_appealed")},
    )
    def post(self, request: Request, detection_id: UUID) -> Response:
        detection = visible_detection(person(request), detection_id)
        form = WordsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        case_id = review_of(detection).case_id
        if case_id is None:
            raise ModerationError("nothing_to_appeal")
        services.appeal(case_id, person(request), form.validated_data["text"])
        return Response(ReviewSerializer(review_of(detection)).data)
