"""What somebody may see of webhooks: their own, and nothing else."""

from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import QuerySet
from django.http import Http404

from detection.webhooks.models import WebhookDelivery, WebhookEndpoint

Somebody = AbstractBaseUser | AnonymousUser


def endpoints_of(user: Somebody) -> QuerySet[WebhookEndpoint]:
    """One's own endpoints."""
    return WebhookEndpoint.objects.filter(owner_id=user.pk) if user.is_authenticated else WebhookEndpoint.objects.none()


def endpoint_of(user: Somebody, endpoint_id: UUID) -> WebhookEndpoint:
    """One of them; for a stranger it does not exist."""
    endpoint = endpoints_of(user).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise Http404("no such webhook")
    return endpoint


def deliveries_of(endpoint: WebhookEndpoint) -> QuerySet[WebhookDelivery]:
    """The endpoint's log, newest first."""
    return endpoint.deliveries.all()


def delivery_of(user: Somebody, delivery_id: UUID) -> WebhookDelivery:
    """One line of a log of one's own."""
    own = WebhookDelivery.objects.filter(endpoint__in=endpoints_of(user))
    delivery = own.select_related("endpoint", "redelivery_of").filter(pk=delivery_id).first()
    if delivery is None:
        raise Http404("no such delivery")
    return delivery


def stopped_endpoints_of(user: Somebody) -> list[WebhookEndpoint]:
    """Those that stopped by themselves: their owner should know."""
    by_itself = endpoints_of(user).filter(enabled=False).exclude(off_reason=WebhookEndpoint.Off.OWNER)
    return list(by_itself.only("id", "url", "description", "off_reason"))
