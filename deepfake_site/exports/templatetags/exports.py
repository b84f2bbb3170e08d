"""The export as the profile shows it."""

from django import template
from django.template.context import Context

from deepfake_site.exports.models import DataExport
from deepfake_site.exports.selectors import latest_export_of

register = template.Library()


@register.simple_tag(takes_context=True)
def latest_export(context: Context) -> DataExport | None:
    """The person's newest."""
    return latest_export_of(context["user"])
