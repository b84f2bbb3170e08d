"""The hash chain of the audit trail: what is hashed, and what gives a forgery away. Described in docs/audit.md."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Max

from detection.models import AuditEvent, AuditHead, AuditLink

GENESIS = "0" * 64
CHUNK = 2000


def canonical(event: AuditEvent) -> str:
    """The event as one line of JSON: keys sorted, no spaces, ASCII, times in UTC, whole numbers without a fraction."""
    content = {
        "actor": event.actor_id,
        "actor_name": event.actor_name,
        "after": event.after,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "before": event.before,
        "data": event.data,
        "object_id": event.object_id,
        "object_type": event.object_type,
        "request_id": event.request_id,
        "verb": event.verb,
    }
    return json.dumps(_whole(content), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _whole(value: Any) -> Any:
    """PostgreSQL gives 1e22 back as an integer, SQLite as a float: both are written as the integer."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(Decimal(repr(value))) if isinstance(value, float) and value.is_integer() else value


def digest_of(event: AuditEvent) -> str:
    """SHA-256 of the canonical line, in hexadecimal."""
    return hashlib.sha256(canonical(event).encode("ascii")).hexdigest()


def link_hash(previous: str, digest: str) -> str:
    """SHA-256 over both hexadecimal texts. The database's trigger computes the same."""
    return hashlib.sha256((previous + digest).encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the trail is not what was written."""

    position: int | None
    event: int | None
    what: str

    def __str__(self) -> str:
        place = f"position {self.position}" if self.position is not None else "outside the chain"
        return f"{place}, event {self.event if self.event is not None else '–'}: {self.what}"


def settle() -> None:
    """Inside a transaction PostgreSQL chains at its end: make it chain now what this one has written."""
    if connection.vendor == "postgresql" and connection.in_atomic_block:
        name = "detection_audit_chain"
        connection.cursor().execute(f"SET CONSTRAINTS {name} IMMEDIATE; SET CONSTRAINTS {name} DEFERRED")


def head() -> tuple[int, str] | None:
    """Where the chain ends: position and hash. Worth writing down elsewhere. None: there is no such row."""
    settle()
    return AuditHead.objects.values_list("position", "hash").first()


def verify(anchor: tuple[int, str] | None = None) -> Iterator[Break]:
    """Every place where the trail was changed, shortened, lengthened or reordered; nothing while it is sound.

    Writers may go on meanwhile: what they add after the start is not looked at. `anchor` is a position and its hash
    that were noted earlier, outside the database; it finds a chain that was computed anew as a whole.
    """
    noted = head()
    end, end_hash = noted or (AuditLink.objects.aggregate(last=Max("pk"))["last"] or 0, GENESIS)
    newest = AuditEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0
    if noted is None and newest:
        yield Break(None, None, "the head is missing")
    position, previous = 0, GENESIS
    links = AuditLink.objects.filter(position__lte=end).order_by("position").select_related("event")
    for link in links.iterator(chunk_size=CHUNK):
        if link.position != position + 1:
            yield Break(position + 1, None, _missing(position + 1, link.position - 1))
        yield from _breaks_of(link, previous)
        position, previous = link.position, link.hash
        if anchor and position == anchor[0] and previous != anchor[1]:
            yield Break(position, link.event_id, "the hash is not the one that was noted")
    if position != end:
        yield Break(position + 1, None, f"the end is missing: the head says {end} events")
    elif noted and previous != end_hash:
        yield Break(position, None, "the head does not hold the last hash")
    if anchor and anchor[0] > end:
        yield Break(end, None, f"the end is missing: {anchor[0]} events were noted")
    yield from _strays(newest)


def _missing(first: int, last: int) -> str:
    return "missing" if first == last else f"missing up to position {last}"


def _breaks_of(link: AuditLink, previous: str) -> Iterator[Break]:
    event = link.event
    if digest_of(event) != event.digest:
        yield Break(link.position, event.pk, "the event was changed")
    if link_hash(previous, event.digest) != link.hash:
        yield Break(link.position, event.pk, "the hash does not follow from the one before")


def _strays(newest: int) -> Iterator[Break]:
    """What is there without belonging: events without a link, links past the head."""
    for number in AuditEvent.objects.filter(link=None, pk__lte=newest).order_by("pk").values_list("pk", flat=True):
        yield Break(None, number, "the event was never chained")
    end = AuditHead.objects.values("position")[:1]
    for link in AuditLink.objects.filter(position__gt=end).order_by("position"):
        yield Break(link.position, link.event_id, "the link lies past the head")
