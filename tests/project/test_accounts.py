"""Register, sign in and out, passwords, profile, and the end of an account."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from detection.models import AuditEvent, MediaFile
from tests.factories import make_detection, make_user

GOOD = {
    "username": "newcomer",
    "email": "new@example.org",
    "password1": "correct-horse-9",
    "password2": "correct-horse-9",
}
PAGES = ("login", "register", "password_reset", "password_reset/done", "reset/done")
OWN_PAGES = ("profile", "password_change", "delete")


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_open_pages(client: Client, page: str) -> None:
    response = client.get(f"/accounts/{page}/")
    assert response.status_code == 200
    assert "site-header" in response.content.decode()


@pytest.mark.parametrize("page", OWN_PAGES)
def test_own_pages_need_an_account(db: None, client: Client, owner_client: Client, page: str) -> None:
    assert owner_client.get(f"/accounts/{page}/").status_code == 200
    assert client.get(f"/accounts/{page}/").headers["Location"] == f"/accounts/login/?next=/accounts/{page}/"


def test_register_signs_in_and_joins_everybody(roles: None, client: Client) -> None:
    response = client.post("/accounts/register/", GOOD)
    assert response.headers["Location"] == "/"
    assert signed_in(client)
    user = User.objects.get(username="newcomer")
    assert [group.name for group in user.groups.all()] == ["user"]
    assert not user.is_staff
    assert AuditEvent.objects.filter(verb="registered", actor=user).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"username": ""}, "Choose a username."),
        ({"email": "nowhere"}, "valid email address"),
        ({"email": ""}, "Enter an email address."),
        ({"password2": "other"}, "match"),
        ({"password1": "12345678", "password2": "12345678"}, "entirely numeric"),
        ({"username": "OWNER"}, "already exists"),
        ({"username": "a\x00b"}, "Null characters"),
    ],
)
def test_register_says_what_is_wrong(client: Client, change: dict[str, str], words: str) -> None:
    make_user("owner")
    page = client.post("/accounts/register/", GOOD | change).content.decode()
    assert "There is a problem" in page
    assert words in page
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["register", "login"])
@pytest.mark.parametrize(
    ("target", "goes_to"),
    [
        ("/history/?label=FAKE", "/history/?label=FAKE"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\\evil.example", "/"),
    ],
)
def test_next_stays_on_this_site(client: Client, page: str, target: str, goes_to: str) -> None:
    make_user("owner")
    form = GOOD if page == "register" else {"username": "owner", "password": "owner-pw"}
    assert client.post(f"/accounts/{page}/", {**form, "next": target}).headers["Location"] == goes_to


def test_register_when_signed_in_goes_on(owner_client: Client) -> None:
    assert owner_client.get("/accounts/register/?next=/history/").headers["Location"] == "/history/"


def test_sign_in_and_out(owner: User, client: Client) -> None:
    assert "There is a problem" in client.post("/accounts/login/", {"username": "owner"}).content.decode()
    client.post("/accounts/login/", {"username": "owner", "password": "owner-pw"})
    assert signed_in(client)
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/").headers["Location"] == "/accounts/login/"
    assert not signed_in(client)


def test_fields_can_be_filled_by_the_browser(db: None, client: Client) -> None:
    page = client.get("/accounts/register/").content.decode()
    for value in ("username", "email", "new-password"):
        assert f'autocomplete="{value}"' in page
    assert 'autocomplete="current-password"' in client.get("/accounts/login/").content.decode()


def test_password_change(owner_client: Client, owner: User) -> None:
    form = {"old_password": "owner-pw", "new_password1": "correct-horse-9", "new_password2": "correct-horse-9"}
    assert owner_client.post("/accounts/password_change/", form).headers["Location"] == "/accounts/profile/"
    assert "Your password was changed." in owner_client.get("/accounts/profile/").content.decode()
    owner.refresh_from_db()
    assert owner.check_password("correct-horse-9")


def test_password_reset(owner: User, client: Client) -> None:
    client.post("/accounts/password_reset/", {"email": "OWNER@example.org"})
    (message,) = mail.outbox
    link = re.search(r"http://testserver(/accounts/reset/\S+)", str(message.body))
    assert link
    page = client.get(link[1], follow=True)
    address = page.redirect_chain[-1][0]
    client.post(address, {"new_password1": "correct-horse-9", "new_password2": "correct-horse-9"})
    owner.refresh_from_db()
    assert owner.check_password("correct-horse-9")
    assert "used already" in client.get(link[1], follow=True).content.decode()


def test_password_reset_does_not_tell_who_is_here(db: None, client: Client) -> None:
    response = client.post("/accounts/password_reset/", {"email": "nobody@example.org"})
    assert response.headers["Location"] == "/accounts/password_reset/done/"
    assert mail.outbox == []


def test_profile_shows_what_is_stored(owner_client: Client, owner: User) -> None:
    media = make_detection(owner, state="done").media
    make_detection(owner, media)
    page = owner_client.get("/accounts/profile/").content.decode()
    assert "<dt>Detections</dt><dd>2</dd>" in page
    assert "<dt>Stored files</dt><dd>1 (" in page


def test_profile_is_saved(owner_client: Client, owner: User) -> None:
    form = {"first_name": "Olga", "last_name": "Owner", "email": owner.email}
    owner_client.post("/accounts/profile/", form)
    owner.refresh_from_db()
    assert owner.get_full_name() == "Olga Owner"


@pytest.mark.parametrize(("password", "moved"), [("", False), ("wrong", False), ("owner-pw", True)])
def test_address_moves_only_with_the_password(owner_client: Client, owner: User, password: str, moved: bool) -> None:
    page = owner_client.post("/accounts/profile/", {"email": "thief@example.org", "password": password})
    owner.refresh_from_db()
    assert (owner.email == "thief@example.org") is moved
    assert (page.status_code == 302) is moved


def test_delete_asks_for_the_password(owner_client: Client, owner: User) -> None:
    for password in ("", "wrong"):
        page = owner_client.post("/accounts/delete/", {"password": password}).content.decode()
        assert "There is a problem" in page
    assert User.objects.filter(pk=owner.pk).exists()


def test_delete_takes_everything(owner_client: Client, owner: User, media_root: Path) -> None:
    media = make_detection(owner, state="done").media
    response = owner_client.post("/accounts/delete/", {"password": "owner-pw"}, follow=True)
    assert "were deleted" in response.content.decode()
    assert not signed_in(owner_client)
    assert not User.objects.filter(pk=owner.pk).exists()
    assert not MediaFile.objects.exists()
    assert not (media_root / media.id.hex).exists()
