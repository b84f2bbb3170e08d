"""From a dispute to an overturned decision in a real browser, by keyboard; what axe-core and a phone say about it."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.e2e.databases import ONE_DATABASE
from tests.e2e.person import PASSWORD, Person, person_at
from tests.e2e.site import Site, process, run

pytestmark = pytest.mark.e2e
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
TEAM = {"anna": "moderator", "bert": "moderator", "cleo": "moderator"}
HIRE = """
import json, sys
from django.contrib.auth.models import User
from detection.moderation.models import ModerationCase
from detection.permissions import give_role
ModerationCase.objects.all().delete()
for name, role in json.loads('{team}').items():
    if not User.objects.filter(username=name).exists():
        give_role(User.objects.create_user(name, name + '@example.org', '{password}'), role)
"""
CLOCK = """
import time
from detection.moderation.tasks import settle
while True:
    settle()
    time.sleep(0.5)
"""
OPPOSITE = {"FAKE": ("r", "real"), "REAL": ("f1", "fake")}


@pytest.fixture
def team(site: Site) -> None:
    """Three moderators and an empty queue, whatever other tests left in it."""
    run(site.environment, "manage.py", "shell", "-c", HIRE.format(team=json.dumps(TEAM), password=PASSWORD))


@pytest.fixture
def clock(site: Site, tmp_path: Path) -> Iterator[Path]:
    """The clock's task, again and again, to save a minute of waiting; mail is printed into this file."""
    log = tmp_path / "clock.log"
    with process(site.environment, log, "manage.py", "shell", "-c", CLOCK):
        yield log


def hired(stack: ExitStack, site: Site, browser: Browser, name: str, **options: object) -> Person:
    """A moderator in a window of their own, at the queue."""
    person = stack.enter_context(person_at(site, browser, **options))
    person.name = name
    person.signs_in()
    person.goes_to("/moderation/")
    return person


def checked(person: Person, picture: Path) -> tuple[str, str]:
    """(the verdict, the result's path) of a fresh upload."""
    person.registers()
    person.chooses(picture)
    person.sees_a_verdict()
    label = person.page.locator("[data-verdict]").inner_text().removeprefix("Verdict:").strip()
    return label.split()[-1].upper(), re.sub("^https?://[^/]+", "", person.page.url)


def presses_keys(person: Person, keys: str) -> None:
    for key in keys:
        person.page.keyboard.press(key)


def claims_next(person: Person) -> str:
    """By the key `n`; what one colleague has just decided is kept from the others until undo is over."""
    form, title = person.page.locator("[data-decide]"), person.page.locator("[data-title]")
    for _ in range(40):
        person.goes_to("/moderation/")
        with person.page.expect_navigation():
            person.page.keyboard.press("n")
        if form.count():
            return title.inner_text()
        person.page.wait_for_timeout(500)
    raise AssertionError("no case came")


def until_told(clock: Path, person: Person, path: str, words: str, mail: str) -> None:
    """Undo runs out, the decision takes effect, the owner sees it and has mail."""
    shown = sent = False
    for _ in range(60):
        person.goes_to(path)
        shown = words in person.page.get_by_role("main").inner_text()
        sent = any(person.name in letter and mail in letter for letter in clock.read_text().split("Subject: "))
        if shown and sent:
            return
        person.page.wait_for_timeout(1000)
    raise AssertionError(f"the owner saw {words!r}: {shown}; had mail with {mail!r}: {sent}")


def test_from_dispute_to_overturned(site: Site, browser: Browser, team: None, clock: Path, picture: Path) -> None:
    with ExitStack() as stack:
        owner = stack.enter_context(person_at(site, browser))
        label, path = checked(owner, picture)
        keys, verdict = OPPOSITE.get(label, ("f1", "fake"))
        disputes(owner)
        anna, bert = (hired(stack, site, browser, name) for name in ("anna", "bert"))
        case = claims_next(anna)
        is_refused(bert, anna.page.url)
        presses_keys(anna, f"{keys}7d")  # unsure: somebody else has to look, too
        expect(anna.page.get_by_role("button", name="Undo")).to_be_visible()
        assert claims_next(bert) == case
        expect(bert.page.get_by_role("main")).not_to_contain_text("unsure;")
        presses_keys(bert, f"{keys}d")
        expect(bert.page.get_by_role("button", name="Undo")).to_be_visible()
        until_told(clock, owner, path, "two moderators", f"Now: {verdict}")
        expect(owner.page.locator("[data-verdict]")).to_contain_text(label.split()[0], ignore_case=True)
        appeals(owner)
        cleo = hired(stack, site, browser, "cleo")
        assert claims_next(cleo) == case
        overturns(cleo, "f1" if verdict == "real" else "r")
        until_told(clock, owner, path, "the decision was overturned", "Your appeal was answered")
        expect(owner.page.get_by_role("main")).to_contain_text("We compared it with the original.")
    run(site.environment, "manage.py", "verify_audit")


def disputes(owner: Person) -> None:
    owner.page.get_by_role("link", name="Dispute the verdict").click()
    owner.page.get_by_label("Why do you think so?").fill("I was there when it was taken.")
    owner.presses("Ask a person to look")
    expect(owner.page.get_by_role("main")).to_contain_text("You disputed this verdict")


def is_refused(other: Person, address: str) -> None:
    """Neither by taking the next one, nor by going to the case itself."""
    with other.page.expect_navigation():
        other.page.keyboard.press("n")
    expect(other.page.get_by_role("main")).to_contain_text("No case waits for you")
    other.page.goto(address)
    expect(other.page.get_by_role("main")).to_contain_text("Somebody else is working on this case")
    expect(other.page.locator("[data-decide]")).to_have_count(0)
    expect(other.page.get_by_role("button", name="Claim")).to_have_count(0)


def appeals(owner: Person) -> None:
    owner.page.get_by_role("link", name="Appeal against the decision").click()
    owner.page.get_by_label("Why do you think so?").fill("Here is the original, with the newspaper.")
    owner.presses("Appeal")
    expect(owner.page.get_by_role("main")).to_contain_text("Another moderator will answer.")


def overturns(moderator: Person, keys: str) -> None:
    """The owner's words are there; the answer is written without the mouse."""
    expect(moderator.page.get_by_role("main")).to_contain_text("Here is the original")
    presses_keys(moderator, f"{keys}a")
    moderator.page.keyboard.type("We compared it with the original.")
    moderator.page.keyboard.press("Control+Enter")
    expect(moderator.page.get_by_role("button", name="Undo")).to_be_visible()


SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def looks_right(person: Person) -> None:
    """Nothing that axe-core holds to be serious or worse, in light and dark, and no sideways scrolling."""
    person.has_no_sideways_scrolling()
    for scheme in SCHEMES:
        person.page.emulate_media(color_scheme=scheme)
        found = Axe().run(person.page).response["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert [(one["id"], one["nodes"][0]["html"]) for one in serious] == [], scheme


@ONE_DATABASE
def test_nothing_serious_and_nothing_too_wide(site: Site, browser: Browser, team: None, picture: Path) -> None:
    """Result, queue, case and the list of keys, on a phone."""
    with ExitStack() as stack:
        owner = stack.enter_context(person_at(site, browser, **PHONE))
        checked(owner, picture)
        looks_right(owner)
        disputes(owner)
        anna = hired(stack, site, browser, "anna", **PHONE)
        expect(anna.page.get_by_role("rowheader").first).to_be_visible()
        looks_right(anna)
        claims_next(anna)
        for keys in ("", "f", "?"):
            presses_keys(anna, keys)
            looks_right(anna)
        anna.page.keyboard.press("Escape")
        presses_keys(anna, "x")
        expect(anna.page.get_by_role("main")).to_contain_text("is back in the queue")


@ONE_DATABASE
def test_without_javascript(site: Site, browser: Browser, team: None, picture: Path) -> None:
    with ExitStack() as stack:
        owner = stack.enter_context(person_at(site, browser))
        checked(owner, picture)
        disputes(owner)
        anna = hired(stack, site, browser, "anna", java_script_enabled=False)
        anna.presses("Take next")
        page = anna.page
        page.get_by_role("link", name="Generated as a whole").click()
        expect(page.get_by_role("radio", name="Fake", exact=True)).to_be_checked()
        anna.presses("Decide")
        expect(page.get_by_role("main")).to_contain_text("Undo")
