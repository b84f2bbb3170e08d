"""How deliveries look in lists, and the notice that a webhook stopped."""

from typing import Any

from django import template
from django.template.context import Context

from detection.webhooks.errors import FAULTS
from detection.webhooks.events import ALL_WORDS
from detection.webhooks.log import SHAPES, TONES
from detection.webhooks.models import WebhookDelivery
from detection.webhooks.selectors import endpoints_of, stopped_endpoints_of

register = template.Library()


@register.inclusion_tag("detection/_badge.html")
def delivery_badge(delivery: WebhookDelivery) -> dict[str, str]:
    """The state as word, shape and colour."""
    word = delivery.get_state_display().capitalize()
    return {"word": word, "tone": TONES[delivery.state], "shape": SHAPES[delivery.state]}


@register.filter
def event_words(event: str) -> str:
    """The event as people read it."""
    return ALL_WORDS.get(event, event)


@register.filter
def fault_words(fault: str) -> str:
    """Why an attempt failed."""
    return FAULTS.get(fault, "")


@register.inclusion_tag("webhooks/_stopped.html", takes_context=True)
def stopped_webhooks(context: Context) -> dict[str, Any]:
    """A notice about webhooks that stopped by themselves; nothing for those who have none."""
    user = context.get("user")
    return {"stopped": stopped_endpoints_of(user) if user is not None else []}


@register.simple_tag(takes_context=True)
def webhook_count(context: Context) -> int:
    """How many the person has."""
    return endpoints_of(context["user"]).count()
