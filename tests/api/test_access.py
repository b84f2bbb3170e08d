"""Who comes in: tokens, sessions, scopes, and what stays outside."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import path
from django.utils import timezone
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.response import Response

from deepfake_site import urls as site
from detection.api import tokens
from detection.api.models import ApiToken
from detection.api.permissions import HasPermission, HasScope
from detection.api.views import ApiView, person
from tests.api.conftest import problem_of
from tests.factories import make_token, make_user, token_client


class Probe(ApiView):
    permission_classes = (HasScope.of("detect:read", write="detect:write"),)

    def get(self, request: Request) -> Response:
        return Response({"user": person(request).username})

    post = get


class Guarded(ApiView):
    permission_classes = (HasScope.of("moderate"), HasPermission.of("detection.view_auditevent"))

    def get(self, request: Request) -> Response:
        return Response({})


urlpatterns = [path("api/probe", Probe.as_view()), path("api/guarded", Guarded.as_view()), *site.urlpatterns]
handler400, handler403, handler404, handler500 = site.handler400, site.handler403, site.handler404, site.handler500


@pytest.fixture(autouse=True)
def addresses(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__


def ask(client: Client, method: str = "get") -> Any:
    return getattr(client, method)("/api/probe")


def test_a_token_opens(owner: User) -> None:
    response = ask(token_client(owner, "detect:read"))
    assert (response.status_code, response.json()) == (200, {"user": "owner"})
    assert ApiToken.objects.get().last_used_at is not None


def test_a_session_opens_and_needs_its_csrf_token_to_change_anything(owner: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert ask(browser).status_code == 200
    response = ask(browser, "post")
    assert (response.status_code, problem_of(response)) == (403, "csrf_failed")


def test_nobody(db: None, anonymous_client: Client) -> None:
    response = ask(anonymous_client)
    assert (response.status_code, problem_of(response)) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer dfp_nonsense", "Bearer", "Basic b3duZXI6cHc=", "Token dfp_x", "Bearer x y"])
def test_nonsense(db: None, header: str) -> None:
    response = Client().get("/api/probe", headers={"Authorization": header})
    assert (response.status_code, problem_of(response)) == (401, "invalid_token")


def test_an_expired_and_a_revoked_token(owner: User) -> None:
    past = timezone.now() - timedelta(seconds=1)
    assert problem_of(ask(token_client(owner, expires_at=past))) == "expired_token"
    revoked = ask(token_client(owner, revoked_at=past))
    assert (revoked.status_code, problem_of(revoked)) == (401, "revoked_token")


def test_a_closed_account(db: None) -> None:
    closed = make_user(is_active=False)
    assert problem_of(ask(token_client(closed))) == "invalid_token"


def test_a_scope_that_is_missing(owner: User) -> None:
    reader = token_client(owner, "detect:read")
    response = ask(reader, "post")
    assert (response.status_code, problem_of(response)) == (403, "insufficient_scope")
    assert 'scope="detect:write"' in response["WWW-Authenticate"]


def test_a_scope_is_no_right(owner: User, lead: User) -> None:
    refused = token_client(owner, "moderate").get("/api/guarded")
    assert (refused.status_code, problem_of(refused)) == (403, "forbidden")
    assert token_client(lead, "moderate").get("/api/guarded").status_code == 200


def test_only_a_hash_of_the_token_is_kept(owner: User) -> None:
    text = make_token(owner)
    kept = ApiToken.objects.values().get()
    assert text.startswith("dfp_")
    assert text not in str(kept)
    assert kept["prefix"] == text[:12]


def test_a_rotated_token_ends_at_once(owner: User) -> None:
    old, text = tokens.issue(owner, name="nightly", scopes=["detect:read"])
    rotated = tokens.rotate(old, owner)
    assert rotated is not None
    fresh, new_text = rotated
    assert (fresh.name, fresh.scopes) == ("nightly", ["detect:read"])
    assert tokens.rotate(old, owner) is None
    assert problem_of(Client().get("/api/probe", headers={"Authorization": f"Bearer {text}"})) == "revoked_token"
    assert Client().get("/api/probe", headers={"Authorization": f"Bearer {new_text}"}).status_code == 200


def test_what_was_made_with_a_token_ends_with_it(owner: User) -> None:
    parent, _ = tokens.issue(owner, name="parent", scopes=["detect:read"])
    child, _ = tokens.issue(owner, name="child", scopes=["detect:read"], parent=parent)
    assert tokens.revoke(parent, owner)
    assert not tokens.revoke(parent, owner)
    child.refresh_from_db()
    assert child.state == "revoked"
