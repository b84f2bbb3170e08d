"""The trail: one event per write, in the same transaction as the write."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model

from detection.models import AuditEvent
from detection.request_id import current_request_id


def record(actor: User | AnonymousUser | None, verb: str, subject: Model, **data: Any) -> AuditEvent:
    """Write down who did what. No actor: the system. The name is copied, since the row outlives its actor."""
    person = actor if isinstance(actor, User) else None
    return AuditEvent.objects.create(
        actor=person,
        actor_name=person.get_username() if person else "",
        verb=verb,
        object_type=subject._meta.label_lower,
        object_id=str(subject.pk),
        request_id=current_request_id.get(),
        data=data,
    )
