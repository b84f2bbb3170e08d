"""Tokens: made, listed, rotated and revoked; in the API, on the profile page, in the admin, with the password."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from detection.api import tokens
from detection.api.models import ApiToken
from detection.models import AuditEvent
from tests.api.conftest import problem_of
from tests.factories import make_token, token_client

WISH = {"name": "nightly", "scopes": ["detect:read"]}


def make(client: Client, **wish: Any) -> Any:
    return client.post("/api/tokens", {**WISH, **wish}, content_type="application/json")


def with_text(text: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {text}"})


class TestInTheApi:
    def test_it_works(self, owner_client: Client) -> None:
        response = make(owner_client)
        body = response.json()
        assert response.status_code == 201
        assert body["token"].startswith(body["prefix"])
        assert (body["state"], body["scopes"], body["expires_at"]) == ("active", ["detect:read"], None)
        assert with_text(body["token"]).get("/api/history").status_code == 200
        shown = owner_client.get(response["Location"]).json()
        assert (shown["id"], "token" in shown) == (body["id"], False)
        assert AuditEvent.objects.filter(verb="token_issued", object_id=body["id"]).exists()

    @pytest.mark.parametrize(
        ("wish", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 81}, "name"),
            ({"scopes": []}, "scopes"),
            ({"scopes": ["everything"]}, "scopes.0"),
            ({"scopes": "detect:read"}, "scopes"),
            ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
            ({"expires_at": "soon"}, "expires_at"),
        ],
    )
    def test_values_that_make_no_sense(self, owner_client: Client, wish: dict[str, Any], field: str) -> None:
        response = make(owner_client, **wish)
        assert problem_of(response) == "invalid"
        assert [error["field"] for error in response.json()["errors"]] == [field]

    def test_a_token_makes_only_weaker_ones(self, owner: User) -> None:
        soon = timezone.now() + timedelta(hours=1)
        parent = token_client(owner, "detect:read", expires_at=soon)
        refused = make(parent, scopes=["detect:read", "detect:write"])
        assert (refused.status_code, problem_of(refused)) == (403, "stronger_token")
        child = make(parent)
        assert child.status_code == 201
        assert ApiToken.objects.get(pk=child.json()["id"]).expires_at == soon
        assert problem_of(make(with_text(child.json()["token"]))) == "stronger_token"

    def test_a_token_sees_itself_and_its_own(self, owner: User, owner_client: Client) -> None:
        other = make(owner_client).json()["id"]
        parent = token_client(owner, "detect:read")
        child = make(parent).json()["id"]
        seen = {one["id"] for one in parent.get("/api/tokens").json()["results"]}
        assert child in seen
        assert len(seen) == 2
        assert problem_of(parent.delete(f"/api/tokens/{other}")) == "not_found"
        assert len(owner_client.get("/api/tokens").json()["results"]) == 3

    def test_rotating_itself(self, owner: User) -> None:
        text = make_token(owner, "detect:read")
        token_id = ApiToken.objects.get().pk
        fresh = with_text(text).post(f"/api/tokens/{token_id}/rotate").json()
        assert problem_of(with_text(text).get("/api/history")) == "revoked_token"
        assert with_text(fresh["token"]).get("/api/history").status_code == 200

    def test_an_ended_one_cannot_be_rotated(self, owner: User, owner_client: Client) -> None:
        token, _ = tokens.issue(owner, name="old", scopes=["detect:read"])
        assert owner_client.delete(f"/api/tokens/{token.pk}").status_code == 204
        response = owner_client.post(f"/api/tokens/{token.pk}/rotate")
        assert (response.status_code, problem_of(response)) == (409, "not_active")

    def test_there_are_only_so_many(self, owner_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tokens, "MOST_TOKENS", 1)
        assert make(owner_client).status_code == 201
        response = make(owner_client)
        assert (response.status_code, problem_of(response)) == (409, "too_many_tokens")


class TestOnTheProfile:
    def test_made_and_shown_once(self, owner_client: Client, owner: User) -> None:
        assert "You have none yet" in owner_client.get(reverse("profile")).content.decode()
        form = {"name": "news desk", "scopes": ["detect:read"], "lifetime": "30"}
        page = owner_client.post(reverse("tokens:make"), form).content.decode()
        token = ApiToken.objects.get()
        text = page.split(token.prefix, 1)[1].split("<", 1)[0]
        assert with_text(token.prefix + text).get("/api/history").status_code == 200
        assert token.expires_at is not None
        profile = owner_client.get(reverse("profile")).content.decode()
        assert "news desk" in profile
        assert token.prefix + text not in profile

    def test_nothing_chosen(self, owner_client: Client) -> None:
        page = owner_client.post(reverse("tokens:make"), {"name": "x"}).content.decode()
        assert "Choose at least one thing" in page
        assert not ApiToken.objects.exists()

    def test_rotated_and_revoked(self, owner_client: Client, owner: User) -> None:
        token, text = tokens.issue(owner, name="old", scopes=["detect:read"])
        page = owner_client.post(reverse("tokens:rotate", args=[token.pk])).content.decode()
        fresh = ApiToken.objects.get(revoked_at=None)
        assert fresh.prefix in page
        assert problem_of(with_text(text).get("/api/history")) == "revoked_token"
        assert "cannot be undone" in owner_client.get(reverse("tokens:revoke", args=[fresh.pk])).content.decode()
        owner_client.post(reverse("tokens:revoke", args=[fresh.pk]))
        assert not ApiToken.objects.filter(revoked_at=None).exists()

    def test_another_person_s_does_not_exist(self, stranger_client: Client, owner: User) -> None:
        token, _ = tokens.issue(owner, name="old", scopes=["detect:read"])
        for act in ("rotate", "revoke"):
            assert stranger_client.post(reverse(f"tokens:{act}", args=[token.pk])).status_code == 404


class TestWithThePassword:
    @pytest.mark.parametrize(("said", "state"), [({"revoke_tokens": "on"}, "revoked"), ({}, "active")])
    def test_a_new_password_ends_them_if_wanted(
        self, owner_client: Client, owner: User, said: dict[str, str], state: str
    ) -> None:
        token, _ = tokens.issue(owner, name="old", scopes=["detect:read"])
        new = {"old_password": "owner-pw", "new_password1": "quite-another-1", "new_password2": "quite-another-1"}
        assert owner_client.post(reverse("password_change"), {**new, **said}).status_code == 302
        token.refresh_from_db()
        assert token.state == state


class TestInTheAdmin:
    def test_made_and_shown_once(self, admin: User, owner: User) -> None:
        browser = Client()
        browser.force_login(admin)
        form = {"user": owner.pk, "name": "by hand", "scopes": ["detect:read"]}
        page = browser.post(reverse("admin:api_apitoken_add"), form, follow=True).content.decode()
        token = ApiToken.objects.get()
        assert (token.user, token.name) == (owner, "by hand")
        text = token.prefix + page.split(token.prefix, 1)[1].split("<", 1)[0]
        assert with_text(text).get("/api/history").status_code == 200
        assert AuditEvent.objects.get(verb="token_issued").actor == admin

    def test_revoked(self, admin: User, owner: User) -> None:
        browser = Client()
        browser.force_login(admin)
        token, _ = tokens.issue(owner, name="old", scopes=["detect:read"])
        action = {"action": "revoke", "_selected_action": [str(token.pk)]}
        browser.post(reverse("admin:api_apitoken_changelist"), action)
        token.refresh_from_db()
        assert token.state == "revoked"
