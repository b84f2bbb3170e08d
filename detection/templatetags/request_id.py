"""The request's name on error pages: read from the running request, so that a page without a context has it too."""

from django import template

from detection.request_id import current_request_id

register = template.Library()


@register.simple_tag
def request_id() -> str:
    """The same name as in the answer's X-Request-ID and in the log."""
    return current_request_id.get() or "–"
