"""Cases as programs see them: what the pages show, under the same rules of who may know what."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from detection.models import Detection, MediaFile
from detection.moderation.dossier import Dossier
from detection.moderation.models import ModerationCase
from detection.moderation.words import AppealState, Confidence, FakeKind, Ground, Reason, State, Verdict

Plain = serializers.Serializer[Any]
TEXT = 4000


class CaseRowSerializer(Plain):
    """One line of the queue."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=State.choices, help_text="A second opinion is `open` to whoever gives it.")
    reasons = serializers.ListField(child=serializers.ChoiceField(choices=Reason.values))
    media_kind = serializers.ChoiceField(choices=MediaFile.Kind.choices)
    label = serializers.ChoiceField(choices=Detection.Label.values)  # type: ignore[assignment]  # a field, no caption
    p_fake = serializers.FloatField(allow_null=True)
    opened_at = serializers.DateTimeField()
    held_until = serializers.DateTimeField(allow_null=True)

    def to_representation(self, case: ModerationCase) -> dict[str, Any]:
        state = State.OPEN if case.state == State.SECOND else case.state
        return {
            "id": case.pk,
            "state": str(state),
            "reasons": case.reason_codes,
            "media_kind": case.media_kind,
            "label": case.detection.label,
            "p_fake": case.detection.p_fake,
            "opened_at": case.opened_at.isoformat(),
            "held_until": case.held_until.isoformat() if case.held_until else None,
        }


class GivenDecisionSerializer(Plain):
    """What somebody decided; names are not given."""

    id = serializers.IntegerField()
    own = serializers.BooleanField()
    verdict = serializers.ChoiceField(choices=Verdict.values)
    kind = serializers.ChoiceField(choices=FakeKind.choices, allow_blank=True)
    ground = serializers.ChoiceField(choices=Ground.values)
    confidence = serializers.ChoiceField(choices=Confidence.values)
    note = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField()


class CaseSerializer(CaseRowSerializer):
    """One case with what its page shows."""

    held = serializers.BooleanField(help_text="By you, with something left to decide.")
    claimable = serializers.BooleanField()
    priority = serializers.FloatField()
    verdict = serializers.ChoiceField(choices=Verdict.values, allow_blank=True)
    kind = serializers.ChoiceField(choices=FakeKind.choices, allow_blank=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decisions = GivenDecisionSerializer(many=True, help_text="Only what you may know at this point.")
    appeal = serializers.CharField(allow_null=True, help_text="The owner's words, where there is an appeal.")
    result = serializers.DictField(allow_null=True, help_text="The machine's evidence, as the detection has it.")

    def to_representation(self, dossier: Dossier) -> dict[str, Any]:  # type: ignore[override]  # richer than a row
        case = dossier.case
        over = case.state == State.DECIDED
        return {
            **super().to_representation(case),
            "held": dossier.held,
            "claimable": dossier.claimable,
            "priority": round(dossier.priority, 4),
            "verdict": case.verdict if over else "",
            "kind": case.kind if over else "",
            "decided_at": case.decided_at.isoformat() if over and case.decided_at else None,
            "decisions": [_given(one, dossier.user.pk) for one in dossier.decisions],
            "appeal": dossier.appeal.text if dossier.appeal else None,
            "result": dossier.detection.result,
        }


class ChoiceSerializer(Plain):
    """A decision. `kind` belongs to `fake`; `answer` is for the owner, and only an appeal needs it."""

    verdict = serializers.ChoiceField(choices=Verdict.values)
    kind = serializers.ChoiceField(choices=FakeKind.choices, required=False, allow_blank=True, default="")
    ground = serializers.ChoiceField(choices=Ground.values)
    confidence = serializers.ChoiceField(choices=Confidence.values)
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=TEXT)
    answer = serializers.CharField(required=False, allow_blank=True, default="", max_length=TEXT)


class NoteSerializer(Plain):
    """Words that go along."""

    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=TEXT)


class WordsSerializer(Plain):
    """The owner's own words."""

    text = serializers.CharField(max_length=TEXT)


class ReviewSerializer(Plain):
    """What people say about one result of one's own."""

    waits = serializers.BooleanField(help_text="A person will look at it.")
    disputed = serializers.BooleanField()
    verdict = serializers.ChoiceField(choices=Verdict.values, allow_blank=True)
    kind = serializers.CharField(allow_blank=True, source="kind_words")
    who = serializers.CharField(allow_blank=True, help_text="Which kind of person decided.")
    decided_at = serializers.DateTimeField(allow_null=True)
    appeal = serializers.SerializerMethodField()
    answer = serializers.SerializerMethodField(help_text="To the appeal.")

    @extend_schema_field(serializers.ChoiceField(choices=AppealState.values, allow_null=True))
    def get_appeal(self, review: Any) -> str | None:
        if review.appeal is None:
            return None
        return str(AppealState.PENDING) if review.appeal_pending else str(review.appeal.state)

    def get_answer(self, review: Any) -> str | None:
        return review.appeal.answer if review.appeal and not review.appeal_pending else None


def _given(decision: Any, user_id: int) -> dict[str, Any]:
    names = ("verdict", "kind", "ground", "confidence", "note")
    return {
        "id": decision.pk,
        "own": decision.moderator_id == user_id,
        **{name: getattr(decision, name) for name in names},
        "decided_at": decision.decided_at.isoformat(),
    }
