"""Feedback for programs: the same rules as on the pages, through the same services."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from detection.api import idempotency
from detection.api.permissions import HasScope
from detection.api.problems import Problem
from detection.api.schema import ProblemSerializer
from detection.api.scopes import FEEDBACK_WRITE
from detection.api.views import ApiView, ListView, person
from learning.feedback import services
from learning.feedback.claims import NAMED, SAID, Answer
from learning.feedback.errors import FeedbackError
from learning.feedback.models import Feedback
from learning.feedback.selectors import feedback_of, feedback_on, judgeable_detection, own_feedback
from learning.feedback.story import sentence_of, story_of
from learning.feedback.words import Kind, Label

CONFLICT = OpenApiResponse(ProblemSerializer, description="`not_done`, `already_decided` or `withdrawn`")


class AnswerSerializer(serializers.Serializer[Any]):
    """What somebody thinks of a verdict. *correct* claims what the verdict says, *incorrect* its opposite."""

    answer = serializers.ChoiceField(Feedback.Answer.choices)
    claim = serializers.ChoiceField(
        NAMED, required=False, help_text="Needed with *incorrect* where the verdict says neither real nor fake."
    )
    kind = serializers.ChoiceField(Kind.choices, required=False, allow_blank=True, help_text="What it is.")
    how = serializers.CharField(required=False, allow_blank=True, max_length=2000, help_text="How do you know?")
    source_url = serializers.URLField(required=False, allow_blank=True, max_length=500)


class NewFeedbackSerializer(AnswerSerializer):
    """An answer, and to what."""

    detection = serializers.UUIDField()


class DecisionSerializer(serializers.Serializer[Any]):
    """What was held to be true, and since when."""

    label = serializers.ChoiceField(Label.choices)  # type: ignore[assignment]  # a field of the document
    kind = serializers.ChoiceField(Kind.choices, allow_blank=True)
    decided_at = serializers.DateTimeField()


class FeedbackSerializer(serializers.ModelSerializer[Feedback]):
    """One answer and where it stands. `claim` is what it says about the file: real, fake, or nothing."""

    decision = serializers.SerializerMethodField()
    sentence = serializers.SerializerMethodField(help_text="Where it stands, for people.")

    class Meta:
        model = Feedback
        fields: Any = (
            *("id", "detection", "answer", "claim", "kind", "how", "source_url", "state", "sentence", "decision"),
            *("created_at", "changed_at", "settled_at"),
        )

    @extend_schema_field(DecisionSerializer(allow_null=True))
    def get_decision(self, feedback: Feedback) -> Any:
        """Once it is decided."""
        return DecisionSerializer(feedback.decision).data if feedback.decision and feedback.is_decided else None

    @extend_schema_field(OpenApiTypes.STR)
    def get_sentence(self, feedback: Feedback) -> str:
        return sentence_of(feedback)


class StepSerializer(serializers.Serializer[Any]):
    """One thing that happened to an answer."""

    title = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField(allow_null=True)


class FeedbackStorySerializer(FeedbackSerializer):
    """With everything that became of it: decided, trained on, and what later versions say about the file."""

    story = serializers.SerializerMethodField()

    class Meta(FeedbackSerializer.Meta):
        fields: Any = (*FeedbackSerializer.Meta.fields, "story")

    @extend_schema_field(StepSerializer(many=True))
    def get_story(self, feedback: Feedback) -> Any:
        """The oldest first."""
        return StepSerializer(story_of(feedback).steps, many=True).data


class FeedbackListView(ListView):
    """One's own feedback."""

    permission_classes = (HasScope.of(FEEDBACK_WRITE),)
    serializer_class = FeedbackSerializer

    def get_queryset(self) -> QuerySet[Feedback]:
        return feedback_of(self.request.user)

    @extend_schema(operation_id="feedback_list", summary="Your feedback, newest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="feedback_give",
        summary="Say whether a verdict is right",
        parameters=[idempotency.PARAMETER],
        request=NewFeedbackSerializer,
        responses={
            **{201: FeedbackSerializer, 200: FeedbackSerializer, 404: ProblemSerializer, 409: CONFLICT},
            **idempotency.REFUSALS,
        },
    )
    def post(self, request: Request) -> Response:
        """One answer per person and detection: 201 for the first, 200 where an earlier one is changed by this one.

        Moderators may also answer about flagged detections of others. With an Idempotency-Key, a repetition changes
        nothing any more, also where the answer was changed or withdrawn in between.
        """
        data = validated(NewFeedbackSerializer, request)
        detection = judgeable_detection(request.user, data["detection"])
        known = feedback_on(detection, request.user) is not None

        def give() -> Feedback:
            with refusals():
                return services.give(detection, person(request), answer_from(data))

        mine = feedback_of(request.user)
        feedback, before = idempotency.once(request, data, give, lambda pk: mine.filter(pk=pk).first(), repeatable=True)
        status = 200 if known else 201
        return Response(FeedbackSerializer(feedback).data, status=status, headers=idempotency.replayed(before))


class FeedbackView(ApiView):
    """One answer; nobody else's exists."""

    permission_classes = (HasScope.of(FEEDBACK_WRITE),)

    @extend_schema(
        operation_id="feedback_read", summary="One answer and its story", responses={200: FeedbackStorySerializer}
    )
    def get(self, request: Request, feedback_id: UUID) -> Response:
        return Response(FeedbackStorySerializer(own_feedback(request.user, feedback_id)).data)

    @extend_schema(
        operation_id="feedback_change",
        summary="Change an answer that is not decided yet",
        request=AnswerSerializer(partial=True),
        responses={200: FeedbackSerializer, 409: CONFLICT},
    )
    def patch(self, request: Request, feedback_id: UUID) -> Response:
        """What is not sent stays."""
        feedback = own_feedback(request.user, feedback_id)
        sent = validated(AnswerSerializer, request, partial=True)
        with refusals():
            changed = services.change(feedback, answer_from(as_data(feedback, sent) | sent))
        return Response(FeedbackSerializer(changed).data)

    @extend_schema(
        operation_id="feedback_withdraw",
        summary="Withdraw an answer that is not decided yet",
        responses={204: None, 409: CONFLICT},
    )
    def delete(self, request: Request, feedback_id: UUID) -> Response:
        """Its words are deleted; that something was said and withdrawn stays."""
        with refusals():
            services.withdraw(own_feedback(request.user, feedback_id))
        return Response(status=204)


@contextmanager
def refusals() -> Iterator[None]:
    """FeedbackError as a problem."""
    try:
        yield
    except FeedbackError as error:
        raise Problem(error.code, error.status, error.sentence) from error


def validated(serializer: type[AnswerSerializer], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """What was sent, or the problem `invalid`."""
    checked = serializer(data=request.data, partial=partial)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def as_data(feedback: Feedback, sent: dict[str, Any]) -> dict[str, Any]:
    """An answer as it would be sent. A new answer or kind brings its own claim."""
    keeps_claim = feedback.detection.label not in SAID and not {"answer", "kind"} & set(sent)
    data = {name: getattr(feedback, name) for name in ("answer", "kind", "how", "source_url")}
    return {**data, "claim": feedback.claim if keeps_claim else ""}


def answer_from(data: dict[str, Any]) -> Answer:
    """In the words of the services."""
    names = ("kind", "how", "source_url")
    return Answer(data["answer"], data.get("claim", ""), **{name: data.get(name, "") for name in names})
