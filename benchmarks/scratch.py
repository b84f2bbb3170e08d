"""A database of its own for a measurement, removed at its end. Importing this sets Django up: do it before any model.

SQLite by default, PostgreSQL where TEST_DATABASE_URL names a server.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deepfake_site.settings_test")
django.setup()


@contextmanager
def scratch_database() -> Iterator[None]:
    """Empty and migrated."""
    old = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(old, verbosity=0)


def analyze() -> None:
    """Tell the planner what is there, and which pages hold nothing dead: what autovacuum does in earnest."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
