"""Where somebody is signed in: the list, ending one, ending all others, and what a changed password ends."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from deepfake_site.accounts import tasks
from deepfake_site.accounts.models import AccountSession
from deepfake_site.accounts.sessions import handle_of, sessions_of
from deepfake_site.accounts.user_agents import in_words
from detection.models import AuditEvent

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"


def browser(owner: User, agent: str) -> Client:
    """Signed in by the form, as people do it."""
    client = Client(headers={"User-Agent": agent})
    client.post("/accounts/login/", {"username": owner.username, "password": f"{owner.username}-pw"})
    return client


def is_in(client: Client) -> bool:
    return client.get("/history/").status_code == 200


def test_list_names_the_browsers_and_which_one_this_is(owner: User, stranger: User) -> None:
    here, _phone, _other = browser(owner, FIREFOX), browser(owner, CHROME), browser(stranger, CHROME)
    page = here.get("/accounts/profile/").content.decode()
    assert re.search(r"Firefox on Linux\s*<strong>\(this one\)", page)
    assert page.count("Chrome on Android<") == 2  # in the list, and for screen readers on its button
    assert len(sessions_of(owner, here.session.session_key)) == 2


def test_page_never_holds_a_key(owner: User) -> None:
    here, phone = browser(owner, FIREFOX), browser(owner, CHROME)
    page = here.get("/accounts/profile/").content.decode()
    for client in (here, phone):
        assert str(client.session.session_key) not in page
    assert handle_of(str(phone.session.session_key)) in page


def test_one_is_ended(owner: User) -> None:
    here, phone = browser(owner, FIREFOX), browser(owner, CHROME)
    form = {"session": handle_of(str(phone.session.session_key))}
    page = here.post("/accounts/sessions/end/", form, follow=True).content.decode()
    assert "That browser is signed out." in page
    assert (is_in(here), is_in(phone)) == (True, False)
    assert AuditEvent.objects.filter(verb="session_ended", actor=owner).count() == 1
    assert "signed out already" in here.post("/accounts/sessions/end/", form, follow=True).content.decode()


def test_all_others_are_ended(owner: User, stranger: User) -> None:
    here, phone, tablet = (browser(owner, agent) for agent in (FIREFOX, CHROME, ""))
    other = browser(stranger, CHROME)
    assert "2 other sessions ended" in here.post("/accounts/sessions/end-others/", follow=True).content.decode()
    assert [is_in(client) for client in (here, phone, tablet, other)] == [True, False, False, True]


def test_nobody_ends_a_strangers_session(owner: User, stranger: User) -> None:
    here, other = browser(owner, FIREFOX), browser(stranger, CHROME)
    here.post("/accounts/sessions/end/", {"session": handle_of(str(other.session.session_key))})
    assert is_in(other)


@pytest.mark.parametrize("path", ["sessions/end/", "sessions/end-others/", "retention/"])
def test_for_signed_in_people_by_button(db: None, client: Client, owner_client: Client, path: str) -> None:
    assert client.post(f"/accounts/{path}").headers["Location"].startswith("/accounts/login/")
    assert owner_client.get(f"/accounts/{path}").status_code == 405


def test_changed_password_ends_the_others(owner: User) -> None:
    here, phone = browser(owner, FIREFOX), browser(owner, CHROME)
    form = {"old_password": "owner-pw", "new_password1": "correct-horse-9", "new_password2": "correct-horse-9"}
    here.post("/accounts/password_change/", form)
    assert (is_in(here), is_in(phone)) == (True, False)
    assert AccountSession.objects.filter(account=owner).count() == 1


def test_sessions_of_an_earlier_password_are_not_listed(owner: User) -> None:
    browser(owner, CHROME)
    owner.set_password("correct-horse-9")
    owner.save()
    assert sessions_of(owner, None) == []


def test_saving_a_session_keeps_when_it_began(owner: User) -> None:
    here = browser(owner, FIREFOX)
    began = timezone.now() - timedelta(days=2)
    AccountSession.objects.update(created_at=began)
    here.post("/history/", {"blur": "on"})  # stored in the session
    row = AccountSession.objects.get()
    assert (row.created_at, row.agent, row.account) == (began, "Firefox on Linux", owner)


def test_use_is_noted_now_and_then(owner: User) -> None:
    here = browser(owner, FIREFOX)
    long_ago = timezone.now() - timedelta(hours=1)
    AccountSession.objects.update(seen_at=long_ago)
    here.get("/history/")
    noted = AccountSession.objects.get().seen_at
    assert noted > long_ago
    here.get("/history/")
    assert AccountSession.objects.get().seen_at == noted


def test_sessions_go_with_the_account_and_with_time(owner: User, stranger: User) -> None:
    here = browser(owner, FIREFOX)
    browser(stranger, CHROME)
    here.post("/accounts/delete/", {"password": "owner-pw"})
    assert list(AccountSession.objects.values_list("account", flat=True)) == [stranger.pk]
    AccountSession.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    tasks.clear_sessions()
    assert not AccountSession.objects.exists()


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (CHROME, "Chrome on Android"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_browsers_in_words(agent: str, words: str) -> None:
    assert in_words(agent) == words
