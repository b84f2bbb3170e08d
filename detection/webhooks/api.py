"""Webhooks for programs: the same acts as on the pages."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from detection.api import idempotency
from detection.api.permissions import HasScope
from detection.api.problems import Problem
from detection.api.schema import ProblemSerializer
from detection.api.scopes import WEBHOOKS_WRITE
from detection.api.views import ApiView, ListView, person
from detection.webhooks import selectors, services, signing, switch
from detection.webhooks.errors import WebhookError
from detection.webhooks.models import WebhookDelivery, WebhookEndpoint
from detection.webhooks.serializers import (
    DeliverySerializer,
    WebhookChangeSerializer,
    WebhookInputSerializer,
    WebhookSerializer,
    WebhookWithSecretSerializer,
    WholeDeliverySerializer,
)

FULL = OpenApiResponse(ProblemSerializer, description="`too_many_endpoints`")
OFF = OpenApiResponse(ProblemSerializer, description="`disabled`: switch it on first")
NOTHING = OpenApiResponse(description="Done.")


class WebhookView(ApiView):
    """Errors of webhooks become problems."""

    permission_classes = (HasScope.of(WEBHOOKS_WRITE),)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, WebhookError):
            headers = {"Retry-After": "60"} if exc.status == 429 else {}
            exc = Problem(exc.code, exc.status, exc.sentence, headers=headers)
        return super().handle_exception(exc)


class Webhooks(WebhookView, ListView):
    """All of one's own."""

    serializer_class = WebhookSerializer
    ordering = ("created_at", "id")

    def get_queryset(self) -> QuerySet[WebhookEndpoint]:
        return selectors.endpoints_of(self.request.user)

    @extend_schema(operation_id="webhooks", responses=WebhookSerializer(many=True))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One's own webhooks, oldest first."""
        return self.list(request, *args, **kwargs)

    @extend_schema(
        operation_id="webhook_add",
        parameters=[idempotency.PARAMETER],
        request=WebhookInputSerializer,
        responses={201: WebhookWithSecretSerializer, 409: FULL, **idempotency.REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """A new webhook. The answer, and its repetition under the same Idempotency-Key, alone show the secret."""
        form = WebhookInputSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values, mine = form.validated_data, selectors.endpoints_of(request.user)
        endpoint, before = idempotency.once(
            request, values, lambda: services.add(person(request), **values)[0], lambda pk: mine.filter(pk=pk).first()
        )
        headers = {"Location": reverse("api_webhook", args=[endpoint.pk]), **idempotency.replayed(before)}
        return Response(with_secret(endpoint, signing.secret_of(endpoint.secret_salt)), status=201, headers=headers)


class Webhook(WebhookView):
    """One of them."""

    @extend_schema(operation_id="webhook", responses=WebhookSerializer)
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        """How it is set up, and how it does."""
        return Response(WebhookSerializer(selectors.endpoint_of(request.user, endpoint_id)).data)

    @extend_schema(operation_id="webhook_change", request=WebhookChangeSerializer, responses=WebhookSerializer)
    def patch(self, request: Request, endpoint_id: UUID) -> Response:
        """Change what is sent; the rest stays. `enabled` switches it."""
        endpoint = selectors.endpoint_of(request.user, endpoint_id)
        form = WebhookChangeSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        change(endpoint, person(request), dict(form.validated_data))
        return Response(WebhookSerializer(selectors.endpoint_of(request.user, endpoint_id)).data)

    @extend_schema(operation_id="webhook_delete", responses={204: NOTHING})
    def delete(self, request: Request, endpoint_id: UUID) -> Response:
        """Remove it with its log."""
        services.delete(selectors.endpoint_of(request.user, endpoint_id), person(request))
        return Response(status=204)


def change(endpoint: WebhookEndpoint, actor: Any, values: dict[str, Any]) -> None:
    """Settings first, then the switch."""
    enabled = values.pop("enabled", None)
    if values:
        now = {name: getattr(endpoint, name) for name in ("url", "events", "description")}
        services.change(endpoint, actor, **(now | values))
    if enabled is not None:
        (switch.on if enabled else switch.off)(endpoint, actor)


def with_secret(endpoint: WebhookEndpoint, secret: str) -> dict[str, Any]:
    """The webhook as it is shown once."""
    return {**WebhookSerializer(endpoint).data, "secret": secret}


class WebhookSecret(WebhookView):
    """Its secret."""

    @extend_schema(operation_id="webhook_secret", request=None, responses=WebhookWithSecretSerializer)
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """A new secret, shown this once. For a day the old one signs as well."""
        endpoint = selectors.endpoint_of(request.user, endpoint_id)
        secret = services.renew_secret(endpoint, person(request))
        return Response(with_secret(selectors.endpoint_of(request.user, endpoint_id), secret))


class WebhookPing(WebhookView):
    """A test."""

    @extend_schema(operation_id="webhook_ping", request=None, responses={202: DeliverySerializer})
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        """Send a test event now, also to a webhook that is off. Ten such requests a minute."""
        return sent(services.ping(selectors.endpoint_of(request.user, endpoint_id), person(request)))


class WebhookDeliveries(WebhookView, ListView):
    """The log of one webhook."""

    serializer_class = DeliverySerializer

    def get_queryset(self) -> QuerySet[WebhookDelivery]:
        if getattr(self, "swagger_fake_view", False):
            return WebhookDelivery.objects.none()
        endpoint = selectors.endpoint_of(self.request.user, self.kwargs["endpoint_id"])
        return selectors.deliveries_of(endpoint).defer("body", "response_head")

    @extend_schema(operation_id="webhook_deliveries", responses=DeliverySerializer(many=True))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What was sent to it, newest first."""
        return self.list(request, *args, **kwargs)


class Delivery(WebhookView):
    """One line of a log."""

    @extend_schema(operation_id="webhook_delivery", responses=WholeDeliverySerializer)
    def get(self, request: Request, delivery_id: UUID) -> Response:
        """With the payload, every attempt and the beginning of the last answer."""
        return Response(WholeDeliverySerializer(selectors.delivery_of(request.user, delivery_id)).data)


class Redelivery(WebhookView):
    """The same event again."""

    @extend_schema(operation_id="webhook_redeliver", request=None, responses={202: DeliverySerializer, 409: OFF})
    def post(self, request: Request, delivery_id: UUID) -> Response:
        """Send it once more under the same event id, whatever became of it."""
        return sent(services.redeliver(selectors.delivery_of(request.user, delivery_id), person(request)))


def sent(delivery: WebhookDelivery) -> Response:
    """202: it is on its way."""
    address = reverse("api_webhook_delivery", args=[delivery.pk])
    return Response(DeliverySerializer(delivery).data, status=202, headers={"Location": address})
