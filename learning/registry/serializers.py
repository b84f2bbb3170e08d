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
    shadow_since = serializers.DateTimeField(allow_null=True, help_text="When it was last set beside the champion.")
    reasons = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))


class EvaluationSerializer(serializers.Serializer[Any]):
    """What the gate said: slices, checks, improvement on held-out items, and the fit beside it."""

    champion = serializers.CharField(source="champion.name")
    passed = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    sets = serializers.DictField(child=serializers.CharField(), help_text="Frozen sets and their digests.")
    report = serializers.DictField(help_text="reasons, slices, checks, improvement, fit and policy of the gate.")


class ComparisonSerializer(serializers.Serializer[Any]):
    """How it answered real detections beside one champion. Labels count as people see them."""

    champion = serializers.CharField()
    since = serializers.DateTimeField(help_text="When the first question was put.")
    asked = serializers.IntegerField()
    answered = serializers.IntegerField(help_text="The next four add up to it.")
    same = serializers.IntegerField()
    to_fake = serializers.IntegerField(help_text="FAKE, where the champion said something else.")
    to_real = serializers.IntegerField()
    to_undecided = serializers.IntegerField(help_text="Neither, where the champion said FAKE or REAL, or the other.")
    mean_difference = serializers.FloatField(allow_null=True, help_text="Of P(fake), this version minus champion.")
    mean_distance = serializers.FloatField(allow_null=True, help_text="The same without signs.")
    decided = serializers.IntegerField(help_text="Answered items on which a label stands.")
    champion_right = serializers.IntegerField(help_text="Of the decided ones, on the true side of one half.")
    shadow_right = serializers.IntegerField()


class WholeVersionSerializer(VersionSerializer):
    """With the last evaluation, and what it said in shadow."""

    evaluation = EvaluationSerializer(allow_null=True)
    comparisons = ComparisonSerializer(many=True, help_text="Empty where it never was in shadow.")


class SeenSerializer(serializers.Serializer[Any]):
    """Which champion the decision was made against."""

    champion = serializers.CharField(
        max_length=64, required=False, default="", help_text="Another one by now: `champion_changed`."
    )
