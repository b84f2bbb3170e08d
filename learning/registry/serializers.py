"""Versions as the API shows them."""

from typing import Any

from rest_framework import serializers

from learning.registry.models import ModelVersion


class VersionSerializer(serializers.Serializer[Any]):
    """A model version. `parent` and `replaced` are names."""

    name = serializers.CharField()
    state = serializers.ChoiceField(choices=ModelVersion.State.choices)
    origin = serializers.ChoiceField(choices=ModelVersion.Origin.choices)
    parent = serializers.CharField(  # type: ignore[assignment]  # a field of the document, not the serializer's own
        source="parent.name", default=None, allow_null=True
    )
    replaced = serializers.CharField(source="replaced.name", default=None, allow_null=True)
    run = serializers.CharField(source="run_id", help_text="The training that made it; empty where there was none.")
    manifest_sha256 = serializers.CharField()
    own_bytes = serializers.IntegerField(help_text="What lies in its own folder.")
    all_bytes = serializers.IntegerField(help_text="With the files of other versions that it shares.")
    made_at = serializers.DateTimeField(allow_null=True)
    registered_at = serializers.DateTimeField()
    promoted_at = serializers.DateTimeField(allow_null=True)
    retired_at = serializers.DateTimeField(allow_null=True)
    reasons = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))


class EvaluationSerializer(serializers.Serializer[Any]):
    """What the gate said: slices, checks, improvement on held-out items, and the fit beside it."""

    champion = serializers.CharField(source="champion.name")
    passed = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    sets = serializers.DictField(child=serializers.CharField(), help_text="Frozen sets and their digests.")
    report = serializers.DictField(help_text="reasons, slices, checks, improvement, fit and policy of the gate.")


class WholeVersionSerializer(VersionSerializer):
    """With the last evaluation."""

    evaluation = EvaluationSerializer(allow_null=True)


class SeenSerializer(serializers.Serializer[Any]):
    """Which champion the decision was made against."""

    champion = serializers.CharField(
        max_length=64, required=False, default="", help_text="Another one by now: `champion_changed`."
    )
