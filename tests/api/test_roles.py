"""Every operation of the document, by everybody: owner, stranger, moderator, wrong scope, ended tokens, nobody."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from django.conf import settings as site_settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from detection import media_store
from detection.api import tokens
from detection.api.models import ApiToken
from detection.api.scopes import SCOPES
from detection.models import Detection
from tests.api.conftest import problem_of
from tests.factories import make_detection, token_client

DOCUMENT = yaml.safe_load((Path(site_settings.BASE_DIR) / "docs" / "openapi.yaml").read_text())


class Operation(NamedTuple):
    """One method at one path."""

    method: str
    path: str

    def call(self, client: Client, **ids: Any) -> Any:
        address = self.path.format(**{"index": 0, **ids})
        return getattr(client, self.method)(address)


OPERATIONS = [Operation(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods]
PARTS = {"", "/cancel", "/run-again", "/events", "/media", "/preview", "/frames/{index}"}
OF_DETECTIONS = [one for one in OPERATIONS if one.path in {f"/api/detections/{{detection_id}}{part}" for part in PARTS}]
OF_TOKENS = [one for one in OPERATIONS if "{token_id}" in one.path]
NOBODY = "00000000-0000-4000-8000-000000000000"


def ids_of(operation: Operation) -> dict[str, Any]:
    """Values for all parts of its path: of things that do not exist."""
    parameters = DOCUMENT["paths"][operation.path][operation.method].get("parameters", [])
    parts = {one["name"]: one["schema"]["type"] for one in parameters if one["in"] == "path"}
    return {name: 10**9 if kind == "integer" else NOBODY for name, kind in parts.items()}


def scopes_of(operation: Operation) -> list[str]:
    """As its description says."""
    described = DOCUMENT["paths"][operation.path][operation.method].get("description", "")
    return re.findall(r"Scope: `([a-z:]+)`", described)


@pytest.fixture(autouse=True)
def plenty(settings: Settings) -> None:
    """Of requests: what is too many is tested elsewhere."""
    settings.DEEPFAKE_API_RATES = dict.fromkeys(settings.DEEPFAKE_API_RATES, 10**6)


@pytest.fixture
def detection(owner: User) -> Detection:
    """Done, with its pictures."""
    made = make_detection(owner, state="done")
    media_store.preview_path(made.media_id).write_bytes(b"preview")
    media_store.frame_path(made.media_id, 0).write_bytes(b"frame")
    return made


def name_of(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def answers(client: Client, operations: list[Operation]) -> dict[str, tuple[int, str]]:
    """Status and code that each of them gives this client."""
    given = {}
    for operation in operations:
        response = operation.call(client, **ids_of(operation))
        given[name_of(operation)] = (response.status_code, problem_of(response) if response.status_code > 399 else "")
    return given


def refused(operations: list[Operation], status: int, code: str) -> dict[str, tuple[int, str]]:
    """All of them refused alike."""
    return {name_of(operation): (status, code) for operation in operations}


class TestNobodyGetsIn:
    """Into any operation at all."""

    def test_without_anything(self, db: None) -> None:
        assert answers(Client(), OPERATIONS) == refused(OPERATIONS, 401, "not_authenticated")

    @pytest.mark.parametrize(("field", "code"), [("expires_at", "expired_token"), ("revoked_at", "revoked_token")])
    def test_with_a_token_that_has_ended(self, admin: User, field: str, code: str) -> None:
        ended = token_client(admin, **{field: timezone.now() - timedelta(seconds=1)})
        assert answers(ended, OPERATIONS) == refused(OPERATIONS, 401, code)

    @pytest.mark.parametrize("scope", sorted(SCOPES))
    def test_with_another_scope(self, admin: User, scope: str) -> None:
        others = [one for one in OPERATIONS if scopes_of(one) and scope not in scopes_of(one)]
        assert answers(token_client(admin, scope), others) == refused(others, 403, "insufficient_scope")

    def test_without_the_csrf_token(self, admin: User) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(admin)
        writing = [one for one in OPERATIONS if one.method != "get"]
        assert answers(browser, writing) == refused(writing, 403, "csrf_failed")

    def test_only_tokens_and_what_is_public_need_no_scope(self) -> None:
        free = {one.path.split("/")[2] for one in OPERATIONS if not scopes_of(one)}
        assert free <= {"tokens"}


@pytest.mark.parametrize("operation", OF_DETECTIONS, ids=name_of)
class TestDetections:
    def test_the_owner(self, owner: User, detection: Detection, operation: Operation) -> None:
        expected = {"cancel": 409, "run-again": 202}.get(operation.path.rsplit("/", 1)[-1], 200)
        response = operation.call(token_client(owner), detection_id=detection.pk)
        b"".join(response)  # to its end: only then is its file closed
        assert response.status_code == (204 if operation.method == "delete" else expected)

    def test_a_stranger(self, stranger: User, detection: Detection, operation: Operation) -> None:
        response = operation.call(token_client(stranger), detection_id=detection.pk)
        assert (response.status_code, problem_of(response)) == (404, "not_found")
        assert Detection.objects.filter(pk=detection.pk).exists()

    def test_a_moderator_without_a_case(self, moderator: User, detection: Detection, operation: Operation) -> None:
        assert operation.call(token_client(moderator), detection_id=detection.pk).status_code == 404
        assert Detection.objects.filter(pk=detection.pk).exists()


@pytest.mark.parametrize("operation", OF_TOKENS, ids=name_of)
@pytest.mark.parametrize("who", ["stranger", "moderator", "admin"])
def test_tokens_of_others_do_not_exist(
    owner: User, operation: Operation, who: str, request: pytest.FixtureRequest
) -> None:
    token, _ = tokens.issue(owner, name="of the owner", scopes=["detect:read"])
    response = operation.call(token_client(request.getfixturevalue(who)), token_id=token.pk)
    assert (response.status_code, problem_of(response)) == (404, "not_found")
    assert ApiToken.objects.get(pk=token.pk).state == "active"


def test_history_and_usage_are_one_s_own(owner: User, moderator: User, detection: Detection) -> None:
    program = token_client(moderator)
    assert program.get("/api/history").json()["results"] == []
    assert program.get("/api/usage").json()["detections"]["done"] == 0
    assert token_client(owner).get("/api/usage").json()["detections"]["done"] == 1
