"""The person's tokens, for the profile page."""

from typing import Any

from django import template
from django.template.context import Context

from detection.api import tokens

register = template.Library()
SHOWN_ENDED = 3  # revoked and expired ones; the API lists all


@register.simple_tag(takes_context=True)
def own_tokens(context: Context) -> list[Any]:
    """The active ones, and the last that ended."""
    rows = list(tokens.visible_to(context["user"], None))
    ended = [token for token in rows if token.state != "active"][:SHOWN_ENDED]
    return [token for token in rows if token.state == "active"] + ended
