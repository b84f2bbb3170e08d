"""The profile's sections about sessions and retention."""

from typing import Any

from django import template
from django.conf import settings
from django.template.context import Context

from deepfake_site.accounts.forms import RetentionForm
from deepfake_site.accounts.retention import chosen_by
from deepfake_site.accounts.sessions import sessions_of

register = template.Library()


@register.inclusion_tag("accounts/_sessions.html", takes_context=True)
def profile_sessions(context: Context) -> dict[str, Any]:
    """Where the person is signed in."""
    request = context["request"]
    rows = sessions_of(request.user, request.session.session_key)
    return {"sessions": rows, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("accounts/_retention.html", takes_context=True)
def profile_retention(context: Context) -> dict[str, Any]:
    """How long their files are kept."""
    form = RetentionForm(initial={"days": chosen_by(context["request"].user) or ""})
    return {"form": form, "site_days": settings.DEEPFAKE_RETENTION_DAYS, "csrf_token": context.get("csrf_token")}
