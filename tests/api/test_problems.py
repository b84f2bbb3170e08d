"""Every failure below /api/ is a problem with a code, whoever found it: the framework, the database, nobody."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.test import Client
from django.urls import path
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.response import Response

from deepfake_site import urls as site
from detection.api.problems import PROBLEMS
from detection.api.views import ApiView
from ml_core.errors import ERRORS, MediaError
from tests.api.conftest import problem_of
from tests.factories import token_client

RAISED: dict[str, Exception] = {
    "not_found": Http404("words of ours"),
    "forbidden": PermissionDenied("words of ours"),
    "too_large": RequestDataTooBig("words of ours"),
    "too_many_fields": TooManyFieldsSent("words of ours"),
    "bad_request": SuspiciousOperation("words of ours"),
    "interrupted": UnreadablePostError("words of ours"),
    "unavailable": OperationalError("words of ours"),
    "server_error": ZeroDivisionError("words of ours"),
}


class Raise(ApiView):
    authentication_classes: Any = ()
    permission_classes: Any = ()
    throttle_classes: Any = ()

    def get(self, request: Request, code: str) -> Response:
        raise RAISED.get(code) or (
            MediaError(code) if code in ERRORS else {"other": BadRequest, "closed": InterfaceError}[code]()
        )

    def post(self, request: Request, code: str) -> Response:
        return Response(request.data)


urlpatterns = [path("api/raise/<str:code>", Raise.as_view()), *site.urlpatterns]
handler400, handler403, handler404, handler500 = site.handler400, site.handler403, site.handler404, site.handler500
ADDRESS = "/api/raise/nothing"


@pytest.fixture(autouse=True)
def addresses(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.django_db
@pytest.mark.parametrize("code", RAISED)
def test_exceptions(client: Client, code: str) -> None:
    response = client.get(f"/api/raise/{code}")
    expected = (PROBLEMS.get(code) or (ERRORS[code].status, ""))[0]
    assert (response.status_code, problem_of(response)) == (expected, code)
    assert "words of ours" not in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("code", sorted(ERRORS))
def test_the_media_s_own_errors(client: Client, code: str) -> None:
    response = client.get(f"/api/raise/{code}")
    assert (response.status_code, problem_of(response)) == (ERRORS[code].status, code)
    assert response.json()["detail"] == ERRORS[code].sentence


@pytest.mark.django_db
def test_what_passes_says_when(client: Client) -> None:
    assert client.get("/api/raise/unavailable")["Retry-After"] == "30"
    assert client.get("/api/raise/closed")["Retry-After"] == "30"
    assert "Retry-After" in client.get("/api/raise/disk_full")


@pytest.mark.django_db
def test_an_unforeseen_one_is_logged_and_named(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert problem_of(client.get("/api/raise/server_error")) == "server_error"
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
@pytest.mark.parametrize("address", ["/api/", "/api/nonsense", "/api/detections/1", "/api/detect/image/"])
def test_unknown_addresses(address: str, method: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert problem_of(getattr(strict, method)(address)) == "not_found"


def test_a_method_that_is_none(owner: User) -> None:
    response = token_client(owner).put("/api/history")
    assert (response.status_code, problem_of(response)) == (405, "method_not_allowed")
    assert "GET" in response["Allow"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        ("{", "application/json", "malformed_body"),
        (b"\xff\xfe", "application/json", "malformed_body"),
        ("NaN", "application/json", "malformed_body"),
        ("[" * 200_000, "application/json", "too_deep"),
        ("[" * 40 + "]" * 40, "application/json", "too_deep"),
        ("x" * 1_100_000, "application/json", "too_large"),
        ("a=b", "text/plain", "unsupported_media_type"),
        ("a=b", "nonsense", "unsupported_media_type"),
    ],
)
def test_bodies(client: Client, body: Any, content_type: str, code: str) -> None:
    response = client.post(ADDRESS, body, content_type=content_type)
    assert problem_of(response) == code


def test_broken_multipart(owner: User) -> None:
    program = token_client(owner)
    response = program.post("/api/detect/image", b"x", content_type="multipart/form-data")
    assert (response.status_code, problem_of(response)) == (400, "malformed_body")
    cut = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\nhalf'
    assert program.post("/api/detect/image", cut, content_type="multipart/form-data; boundary=b").status_code >= 400


def test_an_accept_header_that_cannot_be_met(db: None, client: Client) -> None:
    response = client.get("/api/schema/", headers={"Accept": "text/html"})
    assert (response.status_code, problem_of(response)) == (406, "not_acceptable")


def test_any_accept_header_is_served_elsewhere(owner: User) -> None:
    assert token_client(owner).get("/api/history", headers={"Accept": "text/html"}).json()["results"] == []


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{"Authorization": "Bearer dfp_x"}, {"Cookie": f"sessionid={'x' * 32}"}])
@pytest.mark.parametrize("address", ["/api/history", "/api/detect/image"])
def test_the_database_is_away(
    client: Client, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], address: str
) -> None:
    def away(*args: object) -> None:
        raise OperationalError("could not connect to server")

    with monkeypatch.context() as patch:
        patch.setattr("django.db.backends.utils.CursorWrapper.execute", away)
        response = client.post(address, headers=headers)
    assert (response.status_code, problem_of(response)) == (503, "unavailable")
    assert response["Retry-After"] == "30"


def test_an_unknown_host(client: Client) -> None:
    response = client.get("/api/history", headers={"Host": "evil.example"})
    assert (response.status_code, problem_of(response)) == (400, "bad_request")


def test_no_other_origin_unless_configured(db: None, client: Client) -> None:
    response = client.get("/api/schema/", headers={"Origin": "https://app.example.org"})
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


def test_named_origins_without_cookies(db: None, settings: Settings) -> None:
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE]
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.org"]
    allowed = Client().options(
        "/api/history", headers={"Origin": "https://app.example.org", "Access-Control-Request-Method": "GET"}
    )
    assert allowed["Access-Control-Allow-Origin"] == "https://app.example.org"
    assert "Access-Control-Allow-Credentials" not in allowed
    assert "authorization" in allowed["Access-Control-Allow-Headers"]
    foreign = Client().get("/api/schema/", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in foreign


def test_the_document_is_small_and_exact(client: Client) -> None:
    body = json.loads(client.get("/api/nothing").content)
    assert body["type"] == "urn:deepfake-check:problem:not_found"
    assert (body["title"], body["status"]) == ("Not Found", 404)
