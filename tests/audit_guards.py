"""The guards of the audit trail, in tests: off where a test forges or Django flushes, on where they are tested."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

TABLES = ("detection_auditevent", "detection_auditlink", "detection_audithead")
ON_SQLITE: dict[str, str] = {}  # name of a trigger → the statement that makes it


def _run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def triggers() -> dict[str, str]:
    """The triggers of the three tables that SQLite has now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return dict(cursor.fetchall())


def let_flush() -> None:
    """Django empties the database after a test with real transactions: by TRUNCATE, on SQLite by DELETE."""
    if connection.vendor == "sqlite":
        ON_SQLITE.update(triggers())
        _run(*(f"DROP TRIGGER {name}" for name in ON_SQLITE if name.endswith("_stays")))
    else:
        _run(*(f"ALTER TABLE {table} DISABLE TRIGGER detection_audit_no_truncate" for table in TABLES))


def guard() -> None:
    """All guards as in earnest; undone by the end of the test's transaction."""
    if connection.vendor == "sqlite":
        _run(*(sql for name, sql in ON_SQLITE.items() if name not in triggers()))
    else:
        _run("SET CONSTRAINTS ALL IMMEDIATE")  # no table with pending checks can be altered
        _run(*(f"ALTER TABLE {table} ENABLE TRIGGER ALL" for table in TABLES))


@contextmanager
def unguarded() -> Iterator[None]:
    """What somebody can do who owns the database: no guard, no chaining."""
    if connection.vendor == "sqlite":
        before = triggers()
        _run(*(f"DROP TRIGGER {name}" for name in before))
        yield
        _run(*before.values())
    else:
        _run("SET CONSTRAINTS ALL IMMEDIATE")
        _run(*(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in TABLES))
        yield
        _run(*(f"ALTER TABLE {table} ENABLE TRIGGER ALL" for table in TABLES))
        _run(*(f"ALTER TABLE {table} DISABLE TRIGGER detection_audit_no_truncate" for table in TABLES))
