"""An empty database for one site, gone with it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

ONE_DATABASE = pytest.mark.parametrize("site", ["sqlite"], indirect=True)  # what a page looks like, both have in common
SERVER = os.environ.get("TEST_DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
NAME = f"deepfake_e2e_{os.getpid()}"


def skip(reason: str) -> None:
    """Where tests are the gate, what cannot run has failed."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def server_url(database: str) -> str:
    return urlsplit(SERVER)._replace(path=f"/{database}").geturl()


def on_server(statement: str) -> None:
    with psycopg.connect(server_url("postgres"), autocommit=True, connect_timeout=3) as connection:
        connection.execute(statement.encode())


@contextmanager
def scratch_database(vendor: str, directory: Path) -> Iterator[str]:
    """The DATABASE_URL of a new database."""
    if vendor == "sqlite":
        yield f"sqlite:///{directory / 'db.sqlite3'}"
        return
    try:
        on_server(f"CREATE DATABASE {NAME}")
    except psycopg.OperationalError as error:
        skip(f"no PostgreSQL answers at {urlsplit(SERVER).hostname}: {error}")
    try:
        yield server_url(NAME)
    finally:
        on_server(f"DROP DATABASE {NAME} WITH (FORCE)")
