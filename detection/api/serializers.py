"""Detections as programs see them. Names are stable within a `schema_version`; fields may be added."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from detection.api import examples
from detection.models import Detection, MediaFile
from detection.progress import current_stage
from detection.selectors import queue_position
from ml_core.errors import ERRORS
from ml_core.verdict import REASONS, SENTENCES

SCHEMA_VERSION = "1"
Plain = serializers.Serializer[Any]
BANDS = tuple(SENTENCES)


class MediaSerializer(serializers.ModelSerializer[MediaFile]):
    """The file that was judged."""

    available = serializers.SerializerMethodField(help_text="False once retention has removed the file.")

    class Meta:
        model = MediaFile
        fields = (
            *("name", "kind", "format", "width", "height", "duration", "codec", "animated", "size", "sha256"),
            *("may_train", "available"),
        )
        read_only_fields = fields
        extra_kwargs = {"kind": {"read_only": True}}

    def get_available(self, media: MediaFile) -> bool:
        return media.purged_at is None


class VerdictSerializer(Plain):
    """The answer. The probabilities are calibrated; `sentence` is the fixed wording of the band or of the reason."""

    label = serializers.ChoiceField(choices=Detection.Label.values)  # type: ignore[assignment]  # a field, no caption
    band = serializers.ChoiceField(choices=BANDS)
    reason = serializers.CharField(allow_null=True, help_text="Only with NOT_APPLICABLE: why.")
    sentence = serializers.CharField()
    p_fake = serializers.FloatField()
    p_real = serializers.FloatField()
    confidence = serializers.FloatField()
    model_version = serializers.CharField()

    def to_representation(self, detection: Detection) -> dict[str, Any]:
        reason = detection.reason or None
        p_fake = detection.p_fake or 0.0
        return {
            "label": detection.label,
            "band": detection.band,
            "reason": reason,
            "sentence": REASONS[reason] if reason in REASONS else SENTENCES.get(detection.band, ""),
            "p_fake": p_fake,
            "p_real": 1 - p_fake,
            "confidence": detection.confidence or 0.0,
            "model_version": detection.model_version,
        }


class MemberSerializer(Plain):
    """One member's own answer, and the weight that the gate gave it."""

    p_fake = serializers.FloatField()
    weight = serializers.FloatField()


class FaceSerializer(Plain):
    """One face, in pixels of the upright original."""

    box = serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4)
    score = serializers.FloatField(help_text="Of the face detector.")
    p_fake = serializers.FloatField()
    time = serializers.FloatField(allow_null=True, help_text="Seconds into the video; null for a picture.")
    frame = serializers.IntegerField()
    track = serializers.IntegerField(help_text="The same number: the same person in several frames.")
    decides = serializers.BooleanField(help_text="Did the verdict rest on this one?")


class FrameSerializer(Plain):
    """One sampled frame of a video."""

    time = serializers.FloatField()
    p_fake = serializers.FloatField(allow_null=True, help_text="Null where no face was seen.")


class EvidenceSerializer(Plain):
    """What the verdict rests on."""

    members = serializers.DictField(
        child=MemberSerializer(allow_null=True),
        help_text="cnn, resnext, vit, lstm; null: did not take part, as lstm for a picture.",
    )
    faces = FaceSerializer(many=True)
    frames = FrameSerializer(many=True)
    thresholds = serializers.DictField(child=serializers.FloatField(), help_text="Edges of the bands on p_fake.")
    stages_ms = serializers.DictField(child=serializers.FloatField())
    device = serializers.CharField()
    elapsed_ms = serializers.FloatField()


class FailureSerializer(Plain):
    """Why there is no verdict."""

    code = serializers.CharField()
    detail = serializers.CharField()


class LinksSerializer(Plain):
    """Where the rest is. `preview` is there once the file was decoded."""

    self = serializers.URLField()
    events = serializers.URLField()
    media = serializers.URLField()
    preview = serializers.URLField()
    page = serializers.URLField(help_text="For people.")


LINKS = {"self": "api:detection", "events": "api:events", "media": "api:media", "preview": "api:preview"}


@extend_schema_serializer(examples=[OpenApiExample("A result", value=examples.SUMMARY, response_only=True)])
class DetectionSummarySerializer(serializers.ModelSerializer[Detection]):
    """One detection without its evidence, as in the history."""

    schema_version = serializers.SerializerMethodField()
    status = serializers.ChoiceField(source="state", choices=Detection.State.values, read_only=True)
    stage = serializers.SerializerMethodField()
    media = MediaSerializer(read_only=True)
    verdict = serializers.SerializerMethodField(help_text="Null until the status is `done`.")
    error = serializers.SerializerMethodField(help_text="Only with the status `failed`.")
    links = serializers.SerializerMethodField()

    class Meta:
        model = Detection
        fields: tuple[str, ...] = (
            *("schema_version", "id", "status", "stage", "batch", "attempts"),
            *("created_at", "started_at", "finished_at", "media", "verdict", "error", "links"),
        )
        read_only_fields = fields

    @extend_schema_field({"type": "string", "const": SCHEMA_VERSION})
    def get_schema_version(self, detection: Detection) -> str:
        return SCHEMA_VERSION

    @extend_schema_field({"type": "string", "enum": Detection.Stage.values})
    def get_stage(self, detection: Detection) -> str:
        return current_stage(detection)

    @extend_schema_field(VerdictSerializer(allow_null=True))
    def get_verdict(self, detection: Detection) -> dict[str, Any] | None:
        return VerdictSerializer(detection).data if detection.state == Detection.State.DONE else None

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_error(self, detection: Detection) -> dict[str, str] | None:
        if detection.error_code not in ERRORS:
            return None
        return {"code": detection.error_code, "detail": ERRORS[detection.error_code].sentence}

    @extend_schema_field(LinksSerializer)
    def get_links(self, detection: Detection) -> dict[str, str]:
        absolute = self.context["request"].build_absolute_uri
        page = absolute(reverse("detection:result", args=[detection.pk]))
        return {**{rel: absolute(reverse(name, args=[detection.pk])) for rel, name in LINKS.items()}, "page": page}


@extend_schema_serializer(
    examples=[
        OpenApiExample("A result", value=examples.DONE, response_only=True, status_codes=["200"]),
        OpenApiExample("A job", value=examples.QUEUED, response_only=True, status_codes=["202"]),
    ]
)
class DetectionSerializer(DetectionSummarySerializer):
    """One detection with everything that was found out."""

    position = serializers.SerializerMethodField(help_text="Place in the queue; 1 is next. Null: does not wait.")
    evidence = serializers.SerializerMethodField(help_text="Null until the status is `done`.")

    class Meta(DetectionSummarySerializer.Meta):
        fields = (*DetectionSummarySerializer.Meta.fields, "position", "evidence")
        read_only_fields = fields

    def get_position(self, detection: Detection) -> int | None:
        return queue_position(detection)

    @extend_schema_field(EvidenceSerializer(allow_null=True))
    def get_evidence(self, detection: Detection) -> dict[str, Any] | None:
        if detection.state != Detection.State.DONE or not detection.result:
            return None
        return EvidenceSerializer(detection.result).data
