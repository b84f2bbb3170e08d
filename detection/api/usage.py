"""GET /api/usage: what is used, and what is left."""

from typing import Any

from django.conf import settings
from django.db.models import Count
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from detection import quotas
from detection.api.permissions import HasScope
from detection.api.scopes import DETECT_READ
from detection.api.views import ApiView, person
from detection.models import Detection


class AllowanceSerializer(serializers.Serializer[Any]):
    """One quota."""

    limit = serializers.IntegerField()
    used = serializers.IntegerField()
    remaining = serializers.IntegerField()


class QuotasSerializer(serializers.Serializer[Any]):
    """Bytes of stored files; uploads of the last hour; detections that wait or run."""

    bytes_stored = AllowanceSerializer()
    uploads_per_hour = AllowanceSerializer()
    queued_jobs = AllowanceSerializer()


class UsageSerializer(serializers.Serializer[Any]):
    """Of the person whose token it is."""

    quotas = QuotasSerializer()
    detections = serializers.DictField(child=serializers.IntegerField(), help_text="How many, by status.")
    requests_per_minute = serializers.DictField(child=serializers.IntegerField(), help_text="The limit, by scope.")


class UsageView(ApiView):
    permission_classes = (HasScope.of(DETECT_READ),)

    @extend_schema(operation_id="usage", summary="Quotas and what is used of them", responses=UsageSerializer)
    def get(self, request: Request) -> Response:
        user = person(request)
        states = Detection.objects.filter(owner=user).order_by().values_list("state").annotate(Count("pk"))
        body = {
            "quotas": {one.name: one for one in quotas.allowances(user)},
            "detections": {**dict.fromkeys(Detection.State.values, 0), **dict(states)},
            "requests_per_minute": settings.DEEPFAKE_API_RATES,
        }
        return Response(UsageSerializer(body).data)
