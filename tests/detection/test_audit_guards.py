"""The database itself keeps the audit trail as it is, whoever asks."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from detection import audit
from detection.audit_chain import head, verify
from detection.models import AuditEvent, AuditHead, AuditLink
from tests import audit_guards

pytestmark = pytest.mark.django_db
CHANGES = (
    "UPDATE detection_auditevent SET verb = 'approved'",
    "UPDATE detection_auditevent SET actor_id = NULL",
    "DELETE FROM detection_auditevent",
    "UPDATE detection_auditlink SET hash = 'x'",
    "DELETE FROM detection_auditlink",
    "DELETE FROM detection_audithead",
    "UPDATE detection_audithead SET position = position - 1",
    "UPDATE detection_audithead SET position = position + 1",
    "UPDATE detection_audithead SET hash = 'x'",
)
TRUNCATIONS = tuple(f"TRUNCATE {table} CASCADE" for table in audit_guards.TABLES)


def refused(statement: str) -> None:
    with pytest.raises(IntegrityError, match="audit trail"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def event(owner: User) -> AuditEvent:
    """An event in a database as it is in earnest."""
    made = audit.record(owner, "tested", owner)
    head()
    audit_guards.guard()
    return made


@pytest.mark.parametrize("statement", CHANGES)
def test_changes_are_refused(event: AuditEvent, statement: str) -> None:
    refused(statement)
    assert AuditEvent.objects.get().verb == "tested"
    assert list(verify()) == []


@pytest.mark.parametrize("statement", TRUNCATIONS)
def test_emptying_is_refused(event: AuditEvent, statement: str) -> None:
    if connection.vendor == "sqlite":
        return  # SQLite knows no TRUNCATE
    refused(statement)
    assert list(verify()) == []


def test_the_site_itself_cannot_either(event: AuditEvent) -> None:
    for row in (event, AuditHead.objects.get()):
        with pytest.raises(IntegrityError, match="audit trail"), transaction.atomic():
            row.save(force_update=True)
    for rows in (AuditLink.objects, AuditHead.objects):
        with pytest.raises(IntegrityError, match="audit trail"), transaction.atomic():
            rows.all().delete()


def test_the_actor_can_be_deleted(event: AuditEvent, owner: User) -> None:
    number = owner.pk
    owner.delete()
    connection.check_constraints()
    assert AuditEvent.objects.get().actor_id == number
    assert AuditEvent.objects.select_related("actor").get().actor is None
    assert list(verify()) == []


def test_events_can_still_be_added(event: AuditEvent, owner: User) -> None:
    audit.record(owner, "tested", owner)
    assert list(verify()) == []


def test_every_guard_is_there_after_all_migrations(event: AuditEvent) -> None:
    """On SQLite, a migration that alters one of the tables loses their triggers."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            expected = {"event_unchanged", "event_stays", "link_unchanged", "link_stays"}
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'")
            expected = {"event_stays", "link_stays", "no_truncate"}
        names = {name.removeprefix("detection_audit_") for (name,) in cursor.fetchall()}
    assert names == expected | {"chain", "head_stays", "head_steps"}
