"""The trail: one event per write, in the same transaction as the write. How it is chained: docs/audit.md."""

import json
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.utils import timezone

from detection.audit_chain import digest_of
from detection.models import AuditEvent
from detection.request_id import current_request_id

State = Mapping[str, Any]


def record(
    actor: User | AnonymousUser | None,
    verb: str,
    subject: Model,
    *,
    before: State | None = None,
    after: State | None = None,
    **data: Any,
) -> AuditEvent:
    """Write down who did what. No actor: the system. The name is copied, since the row outlives its actor.

    `before` and `after` are what changed of the subject; `data` is what else there is to know.
    """
    person = actor if isinstance(actor, User) else None
    event = AuditEvent(
        at=timezone.now(),
        actor_id=person.pk if person else None,
        actor_name=person.get_username() if person else "",
        verb=verb,
        object_type=subject._meta.label_lower,
        object_id=str(subject.pk),
        request_id=current_request_id.get(),
        data=_plain(data),
        before=_plain(before),
        after=_plain(after),
    )
    event.digest = digest_of(event)
    event.save(force_insert=True)
    return event


def _plain(value: State | None) -> Any:
    """As the database will give it back: times, ids and decimals as text, every key a string."""
    return None if value is None else json.loads(json.dumps(value, cls=DjangoJSONEncoder, allow_nan=False))
