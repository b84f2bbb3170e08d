"""Whatever address there is: the owner gets in, a stranger finds nothing, an anonymous visitor signs in first."""

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, reverse

from detection import media_store, urls
from detection.models import Detection
from tests.factories import jpeg_bytes, make_detection

PATTERNS = {str(pattern.name): pattern for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)}
OF_ONE = sorted(name for name, pattern in PATTERNS.items() if "detection_id" in str(pattern.pattern))
OF_ALL = sorted(set(PATTERNS) - set(OF_ONE))
METHODS = ("get", "post")


def address(name: str, detection: Detection) -> str:
    """Any address of the application, filled in."""
    values = {"detection_id": detection.id, "index": 0, "form": "csv"}
    wanted = PATTERNS[name].pattern.converters
    return reverse(f"detection:{name}", kwargs={key: values[key] for key in wanted})


def ask(client: Client, method: str, name: str, detection: Detection) -> HttpResponse:
    response: HttpResponse = getattr(client, method)(address(name, detection))
    if response.streaming:
        list(response)  # to the end, so that the file is closed
    return response


@pytest.fixture
def detection(owner: User) -> Detection:
    made = make_detection(owner, state="done")
    media_store.preview_path(made.media_id).write_bytes(jpeg_bytes())
    media_store.frame_path(made.media_id, 0).write_bytes(jpeg_bytes())
    return made


def test_the_walk_has_somewhere_to_go() -> None:
    assert {"result", "status", "media", "preview", "frame", "delete", "cancel", "run-again"} <= set(OF_ONE)


@pytest.mark.parametrize("name", OF_ONE)
def test_the_owner_gets_in(owner_client: Client, detection: Detection, name: str) -> None:
    codes = {ask(owner_client, method, name, detection).status_code for method in METHODS}
    assert codes <= {200, 302, 405}
    assert codes != {405}


@pytest.mark.parametrize("who", ["stranger", "moderator", "lead", "admin"])
def test_nobody_else_finds_anything(request: pytest.FixtureRequest, detection: Detection, who: str) -> None:
    client = Client()
    client.force_login(request.getfixturevalue(who))
    for name in OF_ONE:
        codes = {ask(client, method, name, detection).status_code for method in METHODS}
        assert 404 in codes, name
        assert codes <= {404, 405}, name
    assert Detection.objects.get().state == "done"


def test_anonymous_visitors_sign_in(anonymous_client: Client, detection: Detection) -> None:
    for name in PATTERNS:
        for method in METHODS:
            response = ask(anonymous_client, method, name, detection)
            assert response.status_code == 302, name
            assert response["Location"].startswith(f"{reverse('login')}?next="), name
    assert Detection.objects.get().state == "done"


def test_anonymous_programs_are_told(anonymous_client: Client, detection: Detection) -> None:
    for name in OF_ONE:
        response = anonymous_client.get(address(name, detection), headers={"accept": "application/json"})
        assert (response.status_code, response.json()["code"]) == (401, "not_signed_in"), name


def test_lists_hold_only_ones_own(stranger_client: Client, detection: Detection) -> None:
    for name in OF_ALL:
        response = stranger_client.get(address(name, detection))
        content = b"".join(response) if response.streaming else response.content
        assert str(detection.id) not in content.decode(), name
