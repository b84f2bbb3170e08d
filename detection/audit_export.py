"""The audit trail as JSON Lines and CSV, in the order of the chain: each line can be checked by who has it alone."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from typing import Any

from django.db.models import QuerySet

from detection.audit_chain import CHUNK, GENESIS, settle
from detection.exports import Echo, defused
from detection.models import AuditEvent, AuditLink

COLUMNS = (
    *("position", "id", "at", "actor", "actor_name", "verb", "object_type", "object_id", "request_id"),
    *("before", "after", "data", "digest", "previous", "hash"),
)
NESTED = ("before", "after", "data")
Row = dict[str, Any]


def rows(events: QuerySet[AuditEvent]) -> Iterator[Row]:
    """The chosen events by their place. `previous` is the hash before it in the whole chain, chosen or not."""
    settle()
    links = AuditLink.objects.filter(event__in=events.order_by()).order_by("position").select_related("event")
    position, last = 0, GENESIS
    for link in links.iterator(chunk_size=CHUNK):
        if link.position != position + 1:
            last = _hash_at(link.position - 1)
        yield _row(link, last)
        position, last = link.position, link.hash


def _hash_at(position: int) -> str:
    known = AuditLink.objects.filter(position=position).values_list("hash", flat=True).first()
    return known or (GENESIS if position == 0 else "")


def _row(link: AuditLink, previous: str) -> Row:
    event = link.event
    return {
        "position": link.position,
        "id": event.pk,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": event.actor_id,
        "actor_name": event.actor_name,
        "verb": event.verb,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "request_id": event.request_id,
        "before": event.before,
        "after": event.after,
        "data": event.data,
        "digest": event.digest,
        "previous": previous,
        "hash": link.hash,
    }


def json_lines(found: Iterable[Row]) -> Iterator[str]:
    """One object a line."""
    for row in found:
        yield json.dumps(row, ensure_ascii=False) + "\n"


def csv_lines(found: Iterable[Row]) -> Iterator[str]:
    """A head line, then one line for each event; what is nested stays JSON."""
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for row in found:
        flat = {**row, **{name: json.dumps(row[name], ensure_ascii=False) for name in NESTED}}
        yield writer.writerow([defused(flat[name]) for name in COLUMNS])


FORMATS: dict[str, tuple[str, Callable[[Iterable[Row]], Iterator[str]]]] = {
    "jsonl": ("application/x-ndjson; charset=utf-8", json_lines),
    "csv": ("text/csv; charset=utf-8", csv_lines),
}
