"""Error answers: what happened, what to do, a way back, a request id."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client
from django.urls import path
from pytest_django import Settings

from deepfake_site import urls as site

EXCEPTIONS: dict[int, type[Exception]] = {
    400: SuspiciousOperation,
    403: PermissionDenied,
    404: Http404,
    413: RequestDataTooBig,
    500: ZeroDivisionError,
    503: OperationalError,
}
HEADINGS = {
    400: "The request could not be understood",
    403: "You may not open this",
    404: "Page not found",
    413: "That is too large",
    429: "Too many requests",
    500: "Something broke on our side",
    503: "Not available at present",
}


def raising(request: HttpRequest, status: int) -> HttpResponse:
    raise EXCEPTIONS[status]("details that nobody else should read")


def rendering(request: HttpRequest, status: int) -> HttpResponse:
    return render(request, f"{status}.html", status=status)


urlpatterns = [path("raise/<int:status>/", raising), path("render/<int:status>/", rendering), *site.urlpatterns]
handler400, handler403, handler404, handler500 = site.handler400, site.handler403, site.handler404, site.handler500


@pytest.fixture
def client(settings: Settings) -> Client:
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.mark.django_db
@pytest.mark.parametrize("status", EXCEPTIONS)
def test_page_tells_what_and_where_to_go(client: Client, status: int) -> None:
    response = client.get(f"/raise/{status}/")
    page = response.content.decode()
    assert response.status_code == status
    assert f"<h1>{HEADINGS[status]}</h1>" in page
    assert 'href="/"' in page
    assert response.headers["X-Request-ID"] in page
    assert "details that nobody" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("status", EXCEPTIONS)
def test_programs_get_json(client: Client, status: int) -> None:
    response = client.get(f"/raise/{status}/", headers={"Accept": "application/json"})
    body = response.json()
    assert response.status_code == status
    assert set(body) == {"code", "detail", "request_id"}
    assert body["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.django_db
@pytest.mark.parametrize("status", [413, 429])
def test_pages_of_other_views(client: Client, status: int) -> None:
    assert HEADINGS[status] in client.get(f"/render/{status}/").content.decode()


@pytest.mark.parametrize("status", [500, 503])
def test_the_worst_pages_need_no_database(
    client: Client, status: int, settings: Settings
) -> None:  # without the fixture `db` any query raises
    settings.TEMPLATES = [
        {**settings.TEMPLATES[0], "OPTIONS": {"context_processors": ["tests.project.test_errors.broken"]}}
    ]
    page = client.get(f"/raise/{status}/").content.decode()
    assert HEADINGS[status] in page
    assert "/static/css/base.css" in page


def broken(request: HttpRequest) -> dict[str, str]:
    """A context processor that cannot do its work."""
    raise ZeroDivisionError


def test_busy_database_says_when_to_come_back(client: Client) -> None:
    assert client.get("/raise/503/").headers["Retry-After"] == "30"


def test_unknown_address(db: None, client: Client) -> None:
    assert client.get("/no/such/place").status_code == 404


def test_signed_in_people_are_shown_their_history(owner: User, client: Client) -> None:
    client.force_login(owner)
    assert 'href="/history/">Open your history' in client.get("/no/such/place").content.decode()


def test_expired_form(owner: User, settings: Settings) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    response = strict.post("/accounts/logout/")
    assert response.status_code == 403
    assert "The page was open too long" in response.content.decode()
    assert response.headers["X-Request-ID"] in response.content.decode()


def test_unknown_host(client: Client) -> None:
    assert client.get("/health/live", headers={"Host": "evil.example"}).status_code == 400
