"""Model versions for programs: the same acts as on the pages."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from detection.api.permissions import HasPermission, HasScope
from detection.api.problems import Problem
from detection.api.schema import ProblemSerializer
from detection.api.scopes import LEARN_RUN
from detection.api.views import ApiView, ListView, person
from learning.registry import services
from learning.registry.comparison import comparisons
from learning.registry.errors import RegistryError
from learning.registry.judging import ask_for_judgement
from learning.registry.models import ModelVersion
from learning.registry.selectors import champion, latest_evaluation, version_named, versions
from learning.registry.serializers import SeenSerializer, VersionSerializer, WholeVersionSerializer

VIEW, PROMOTE = "registry.view_modelversion", "registry.promote_modelversion"
CONFLICT = OpenApiResponse(
    ProblemSerializer,
    description="`already_champion`, `champion_changed`, `not_judged`, `shadow_taken`, `wrong_state`, …",
)
BAD = OpenApiResponse(ProblemSerializer, description="`bad_weights`: nothing was changed")


class RegistryView(ApiView):
    """Errors of the registry become problems."""

    permission_classes: Any = (HasScope.of(LEARN_RUN), HasPermission.of(VIEW))

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, RegistryError):
            exc = Problem(exc.code, exc.status, exc.sentence)
        return super().handle_exception(exc)


class Versions(RegistryView, ListView):
    """All of them."""

    serializer_class = VersionSerializer
    ordering = ("-registered_at", "-id")

    def get_queryset(self) -> QuerySet[ModelVersion]:
        return versions()

    @extend_schema(operation_id="models", responses=VersionSerializer(many=True))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Model versions, the newest first."""
        return self.list(request, *args, **kwargs)


class Champion(RegistryView):
    """The one in force."""

    @extend_schema(operation_id="model_champion", responses={200: WholeVersionSerializer, 409: CONFLICT})
    def get(self, request: Request) -> Response:
        """The version that answers now."""
        return Response(whole(champion()))


class Version(RegistryView):
    """One of them."""

    @extend_schema(operation_id="model", responses=WholeVersionSerializer)
    def get(self, request: Request, name: str) -> Response:
        """A version with what the gate said about it last, and how it answered in shadow."""
        return Response(whole(version_named(name)))


class Promotion(RegistryView):
    """Needs the right to promote."""

    permission_classes = (HasScope.of(LEARN_RUN), HasPermission.of(PROMOTE))

    @extend_schema(
        operation_id="model_promote",
        request=SeenSerializer,
        responses={200: WholeVersionSerializer, 409: CONFLICT, 422: BAD},
    )
    def post(self, request: Request, name: str) -> Response:
        """Make a version that passed the gate the champion."""
        return Response(whole(services.promote(version_named(name), person(request), seen=seen(request))))


class Rollback(RegistryView):
    """Needs the right to promote."""

    permission_classes = (HasScope.of(LEARN_RUN), HasPermission.of(PROMOTE))

    @extend_schema(
        operation_id="model_rollback",
        request=SeenSerializer,
        responses={200: WholeVersionSerializer, 409: CONFLICT, 422: BAD},
    )
    def post(self, request: Request) -> Response:
        """Bring the version back that the champion replaced."""
        return Response(whole(services.rollback(person(request), seen=seen(request))))


class Judgement(RegistryView):
    """Needs the right to promote."""

    permission_classes = (HasScope.of(LEARN_RUN), HasPermission.of(PROMOTE))

    @extend_schema(operation_id="model_evaluate", request=None, responses={202: WholeVersionSerializer, 409: CONFLICT})
    def post(self, request: Request, name: str) -> Response:
        """Let the gate compare it with the champion, in the training workers."""
        version = version_named(name)
        ask_for_judgement(version, person(request))
        return Response(whole(version), status=202)


class Shadow(RegistryView):
    """Needs the right to promote."""

    permission_classes = (HasScope.of(LEARN_RUN), HasPermission.of(PROMOTE))

    @extend_schema(operation_id="model_shadow", request=None, responses={200: WholeVersionSerializer, 409: CONFLICT})
    def post(self, request: Request, name: str) -> Response:
        """Watch a candidate beside the champion: it answers real detections, and nobody's result depends on it."""
        return Response(whole(services.shadow(version_named(name), person(request))))

    @extend_schema(operation_id="model_shadow_end", responses={200: WholeVersionSerializer, 409: CONFLICT})
    def delete(self, request: Request, name: str) -> Response:
        """Stop watching: it is a candidate like others again, and what it answered stays."""
        return Response(whole(services.end_shadow(version_named(name), person(request))))


def whole(version: ModelVersion) -> dict[str, Any]:
    """A version with its last evaluation and what it said in shadow."""
    row = version_named(version.name)
    row.comparisons = comparisons(row)  # type: ignore[attr-defined]  # for the serializer
    row.evaluation = latest_evaluation(row)  # type: ignore[attr-defined]  # for the serializer
    return dict(WholeVersionSerializer(row).data)


def seen(request: Request) -> str:
    """The champion that the caller knows of."""
    form = SeenSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    return str(form.validated_data["champion"])
