"""Webhooks and deliveries as the API shows and takes them."""

import json
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from detection.webhooks import targets
from detection.webhooks.errors import FAULTS, WebhookError
from detection.webhooks.events import ALL_WORDS, WORDS
from detection.webhooks.models import WebhookDelivery, WebhookEndpoint

Off, State = WebhookEndpoint.Off, WebhookDelivery.State


class WebhookInputSerializer(serializers.Serializer[Any]):
    """What is written down about a webhook."""

    url = serializers.CharField(max_length=targets.MAX_LENGTH, help_text="Where the events are sent.")
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=list(WORDS)), allow_empty=False, max_length=len(WORDS)
    )
    description = serializers.CharField(max_length=100, allow_blank=True, required=False, default="")

    def validate_url(self, url: str) -> str:
        try:
            targets.parse(url)
        except WebhookError as error:
            raise serializers.ValidationError(error.sentence, code=error.code) from error
        return url


class WebhookChangeSerializer(WebhookInputSerializer):
    """What of it changes."""

    enabled = serializers.BooleanField(required=False, help_text="Switch it off, or on again after it stopped.")


class WebhookSerializer(serializers.Serializer[Any]):
    """A webhook. Its secret is not shown again; `secret_hint` is how it begins."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    description = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(choices=list(WORDS)))
    enabled = serializers.BooleanField()
    off_reason = serializers.ChoiceField(
        choices=["", *Off.values], help_text="Empty while it is on; `owner` where somebody switched it off."
    )
    failures = serializers.IntegerField(help_text="Failed attempts in a row.")
    paused_until = serializers.DateTimeField(allow_null=True)
    last_success_at = serializers.DateTimeField(allow_null=True)
    secret_hint = serializers.CharField()
    created_at = serializers.DateTimeField()


class WebhookWithSecretSerializer(WebhookSerializer):
    """A webhook whose secret was just made: the only time that it is shown."""

    secret = serializers.CharField()


class TrySerializer(serializers.Serializer[Any]):
    """One attempt that ended."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    fault = serializers.ChoiceField(choices=["", *FAULTS])
    duration_ms = serializers.IntegerField(allow_null=True)


class DeliverySerializer(serializers.Serializer[Any]):
    """One event on its way to one webhook."""

    id = serializers.UUIDField()
    webhook = serializers.UUIDField(source="endpoint_id")
    event = serializers.ChoiceField(choices=list(ALL_WORDS))
    event_id = serializers.UUIDField(help_text="The header `webhook-id`: the same for every redelivery.")
    detection = serializers.UUIDField(source="detection_id", allow_null=True)
    redelivery_of = serializers.UUIDField(source="redelivery_of_id", allow_null=True)
    state = serializers.ChoiceField(choices=State.choices)
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.SerializerMethodField()
    fault = serializers.ChoiceField(choices=["", *FAULTS], help_text="Why the last attempt failed.")
    response_status = serializers.IntegerField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_next_attempt_at(self, delivery: WebhookDelivery) -> str | None:
        """Only while it waits."""
        return delivery.next_attempt_at.isoformat() if delivery.state == State.PENDING else None


class WholeDeliverySerializer(DeliverySerializer):
    """With what was sent and what came back."""

    payload = serializers.SerializerMethodField()
    response_head = serializers.CharField(help_text="The first 1024 bytes of the answer.")
    tries = TrySerializer(many=True)

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_payload(self, delivery: WebhookDelivery) -> dict[str, Any]:
        """The body."""
        document: dict[str, Any] = json.loads(delivery.body)
        return document
