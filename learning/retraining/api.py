"""The learning loop for programs: statistics, starting a run, looking how it goes."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from detection.api import idempotency
from detection.api.permissions import HasPermission, HasScope
from detection.api.problems import Problem
from detection.api.schema import ProblemSerializer
from detection.api.scopes import LEARN_RUN
from detection.api.views import ApiView, person
from learning.retraining import services, stats
from learning.retraining.errors import RetrainingError, sentence
from learning.retraining.models import TrainingRun
from learning.retraining.selectors import run_or_404, runs
from learning.retraining.views import MAY_START, MAY_VIEW


class AnswersSerializer(serializers.Serializer[Any]):
    """How the items of one share were answered before and after a run."""

    items = serializers.IntegerField()
    right_before = serializers.IntegerField()
    right_after = serializers.IntegerField()
    to_right = serializers.IntegerField()
    to_wrong = serializers.IntegerField()


class RunFiguresSerializer(serializers.Serializer[Any]):
    """One run in the curves."""

    run = serializers.IntegerField()
    version = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(TrainingRun.State.choices)
    at = serializers.CharField(help_text="When it ended, ISO 8601.")
    loss = serializers.FloatField(allow_null=True, help_text="Mean over its steps.")
    reward = serializers.FloatField(allow_null=True, help_text="Mean over its steps.")
    held_out_loss_before = serializers.FloatField(allow_null=True)
    held_out_loss_after = serializers.FloatField(allow_null=True)
    held_out = AnswersSerializer(help_text="Items that were not trained on.")
    fit = AnswersSerializer(help_text="Items that were just trained on: no improvement, only a fit.")
    seconds = serializers.FloatField(allow_null=True)


class StatsSerializer(serializers.Serializer[Any]):
    """What was learned from people so far."""

    feedback = serializers.IntegerField(help_text="Claims that were not withdrawn.")
    accepted = serializers.IntegerField()
    labels = serializers.IntegerField(help_text="Decisions that stand.")
    trainings = serializers.IntegerField()
    candidates = serializers.IntegerField()
    promoted = serializers.IntegerField()
    improvements = serializers.IntegerField(help_text="Held-out items that candidates turned from wrong to right.")
    to_wrong = serializers.IntegerField(help_text="Held-out items that candidates turned from right to wrong.")
    average_loss = serializers.FloatField(allow_null=True)
    average_reward = serializers.FloatField(allow_null=True)
    hours_to_learn = serializers.FloatField(allow_null=True, help_text="Median, from the label to the candidate.")
    runs = RunFiguresSerializer(many=True)


class RetrainSerializer(serializers.Serializer[Any]):
    """What kind of run."""

    kind = serializers.ChoiceField(TrainingRun.Kind.choices, default=TrainingRun.Kind.SMALL)


class RunSerializer(serializers.ModelSerializer[TrainingRun]):
    """A run as it stands."""

    from_version = serializers.CharField(source="parent.name", allow_null=True, default=None)
    candidate = serializers.CharField(source="candidate.name", allow_null=True, default=None)
    detail = serializers.SerializerMethodField(help_text="Why it ended as it did.")
    url = serializers.SerializerMethodField()

    class Meta:
        model = TrainingRun
        fields = (
            "id", "state", "kind", "trigger", "stage", "step", "steps", "from_version", "candidate", "code", "detail",
            "created_at", "started_at", "finished_at", "url",
        )  # fmt: skip

    def get_detail(self, run: TrainingRun) -> str:
        return " ".join(filter(None, (sentence(run.code) if run.code else "", run.detail)))

    def get_url(self, run: TrainingRun) -> str:
        return reverse("retraining-api:run", args=[run.pk])


class Stats(ApiView):
    """Feedback count, trainings, improvements, average loss and reward, and the curves over versions."""

    permission_classes = (HasScope.of(LEARN_RUN),)

    @extend_schema(operation_id="rl_stats", responses=StatsSerializer)
    def get(self, request: Request) -> Response:
        return Response(stats.as_dict())


class Retrain(ApiView):
    """Starts a training from feedback. One run at a time: `already_running` while another is not over."""

    permission_classes = (HasScope.of(LEARN_RUN), HasPermission.of(MAY_START))

    @extend_schema(
        operation_id="rl_retrain",
        parameters=[idempotency.PARAMETER],
        request=RetrainSerializer,
        responses={
            **idempotency.REFUSALS,
            202: RunSerializer,
            409: OpenApiResponse(ProblemSerializer, description="`already_running`, `no_champion`"),
        },
    )
    def post(self, request: Request) -> Response:
        wanted = RetrainSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        kind = wanted.validated_data["kind"]

        def start() -> TrainingRun:
            try:
                return services.start_run(person(request), TrainingRun.Trigger.API, kind)
            except RetrainingError as error:
                raise Problem(error.code, error.status, error.sentence) from error

        run, before = idempotency.once(request, kind, start, lambda pk: runs().filter(pk=pk).first())
        body = RunSerializer(run).data
        return Response(body, status=202, headers={"Location": body["url"], **idempotency.replayed(before)})


class Run(ApiView):
    """How a run goes."""

    permission_classes = (HasScope.of(LEARN_RUN), HasPermission.of(MAY_VIEW))

    @extend_schema(operation_id="rl_run", responses=RunSerializer)
    def get(self, request: Request, run_id: int) -> Response:
        return Response(RunSerializer(run_or_404(run_id)).data)
