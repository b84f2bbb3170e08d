"""The cast of the tests, and the rooms in which they play."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as project_settings
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoDbBlocker, Settings

from detection.permissions import ROLES, create_roles
from tests import audit_guards
from tests.factories import make_user

# The models of the tests are tiny, and hosts, workers and tests share the processor: threads that wait for each other
# by spinning would cost more than they bring. Set before anything loads torch; child processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Nor is a network of a few neurons worth a C++ compiler: training would compile its blocks where the processor has AMX.
os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database-only", action="store_true", help="leave out the tests that touch no database")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --database-only: what touches no database says the same beside every one of them."""
    if config.getoption("--database-only"):
        config.hook.pytest_deselected(items=[item for item in items if not touches_database(item)])
        items[:] = filter(touches_database, items)


def touches_database(item: pytest.Item) -> bool:
    """Without the marker and these fixtures, pytest-django lets no query through."""
    asked = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(asked or item.get_closest_marker("django_db"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The test database, with the roles; the audit trail may be emptied between two tests, here and nowhere else."""
    with django_db_blocker.unblock():
        audit_guards.let_flush()
        create_roles()


@pytest.fixture(autouse=True, scope="session")
def metrics_end_with_the_tests() -> Iterator[None]:
    """What the requests of a test run counted is removed with it."""
    yield
    shutil.rmtree(project_settings.DEEPFAKE_METRICS_DIR, ignore_errors=True)


@pytest.fixture(autouse=True)
def media_root(tmp_path: Path, settings: Settings) -> Path:
    """A directory for uploads that ends with the test."""
    root = tmp_path / "media"
    root.mkdir()
    settings.MEDIA_ROOT = root
    (root / ".staging").mkdir()
    return root


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """What the throttles count begins at nothing."""
    cache.clear()


@pytest.fixture
def roles(db: None) -> None:
    """The four groups with their permissions: again where a test with real transactions has emptied the database."""
    if Group.objects.exclude(permissions=None).distinct().count() < len(ROLES):
        create_roles()


@pytest.fixture
def owner(roles: None) -> User:
    """The person whose media it is."""
    return make_user("owner", "user")


@pytest.fixture
def stranger(roles: None) -> User:
    """A signed-in person who must see nothing of the owner's."""
    return make_user("stranger", "user")


@pytest.fixture
def moderator(roles: None) -> User:
    """Decides the hard cases."""
    return make_user("moderator", "moderator")


@pytest.fixture
def lead(roles: None) -> User:
    """Decides what moderators escalate."""
    return make_user("lead", "lead")


@pytest.fixture
def admin(roles: None) -> User:
    """Runs the site."""
    return make_user("admin", "admin", is_staff=True, is_superuser=True)


@pytest.fixture
def anonymous_client() -> Client:
    """A browser in which nobody has signed in."""
    return Client()


@pytest.fixture
def owner_client(owner: User) -> Client:
    """The owner's browser."""
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def stranger_client(stranger: User) -> Client:
    """The stranger's browser."""
    client = Client()
    client.force_login(stranger)
    return client
