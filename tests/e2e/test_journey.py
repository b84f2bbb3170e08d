"""The main job in a real browser, against a real server, a real cluster and a real inference host."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.databases import ONE_DATABASE
from tests.e2e.person import WORK_MS, Person, person_at
from tests.e2e.site import Site

pytestmark = pytest.mark.e2e
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def test_from_registration_to_deletion(site: Site, browser: Browser, picture: Path, video: Path) -> None:
    before = set(site.uploads())
    with person_at(site, browser) as person:
        person.registers()
        checks_a_picture(person, picture)
        checks_a_video(person, video)
        filters_the_history(person)
        exports_the_history(person)
        runs_again(person)
        deletes_everything(person)
        assert set(site.uploads()) == before
        signs_out(person)


def checks_a_picture(person: Person, picture: Path) -> None:
    """The status is shown at once and changes by itself into the verdict."""
    person.chooses(picture)
    expect(person.page.locator("[data-progress], [data-verdict]").first).to_be_visible()
    assert re.search(r"/detections/[0-9a-f-]{36}/$", person.page.url)
    person.sees_a_verdict()
    for words in ("P(fake)", "Confidence", "resnext", "tiny"):
        expect(person.page.get_by_role("main")).to_contain_text(words, ignore_case=True)


def checks_a_video(person: Person, video: Path) -> None:
    person.goes_to("/")
    person.chooses(video)
    person.page.wait_for_url(re.compile("/detections/"))
    person.sees_a_verdict()
    expect(person.page.get_by_role("main")).to_contain_text("lstm", ignore_case=True)


def filters_the_history(person: Person) -> None:
    person.page.get_by_role("navigation", name="Main").get_by_role("link", name="History").click()
    person.sees_rows(2)
    person.page.get_by_label("Kind").select_option("video")
    person.presses("Filter")
    person.sees_rows(1)
    expect(person.page.get_by_role("rowheader")).to_have_text("astronaut.avi")
    person.page.get_by_role("link", name="Clear filters").click()
    person.page.get_by_label("Name or SHA-256").fill("no such file")
    person.presses("Filter")
    expect(person.page.get_by_role("heading", name="Nothing matches")).to_be_visible()


def exports_the_history(person: Person) -> None:
    person.goes_to("/history/?kind=image")
    with person.page.expect_download() as download:
        person.page.get_by_role("link", name="Export JSON").click()
    (row,) = json.loads(download.value.path().read_text())
    assert (row["name"], row["state"], row["model_version"]) == ("astronaut.jpg", "done", "tiny")
    assert row["label"] in {"FAKE", "REAL", "INCONCLUSIVE", "NOT_APPLICABLE"}


def runs_again(person: Person) -> None:
    person.page.get_by_role("rowheader").get_by_role("link").click()
    first = person.page.url
    person.presses("Run again")
    person.page.wait_for_url(lambda url: "/detections/" in url and url != first)
    person.sees_a_verdict()


def deletes_everything(person: Person) -> None:
    """Both results on the picture go with it, then the video goes."""
    for left in (1, 0):
        person.goes_to("/history/")
        person.page.get_by_role("rowheader").get_by_role("link").first.click()
        person.page.get_by_role("link", name="Delete", exact=True).click()
        person.presses("Delete for good")
        person.goes_to("/history/")
        person.sees_rows(left)
    expect(person.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def signs_out(person: Person) -> None:
    person.page.locator("[data-menu] summary").click()
    person.page.get_by_role("button", name="Sign out").click()
    person.goes_to("/history/")
    expect(person.page.get_by_role("heading", name="Sign in")).to_be_visible()


@ONE_DATABASE
def test_refused_file_is_named_in_place(site: Site, browser: Browser, picture: Path, tmp_path: Path) -> None:
    note, broken = tmp_path / "note.jpg", tmp_path / "broken.jpg"
    note.write_text("not a picture")
    broken.write_bytes(picture.read_bytes()[:20_000])
    with person_at(site, browser) as person:
        person.registers()
        before = site.uploads()
        person.chooses(note, broken)
        lines = person.page.get_by_role("list", name="Your files").get_by_role("listitem")
        expect(lines.filter(has_text="note.jpg")).to_contain_text("not supported")
        expect(lines.filter(has_text="broken.jpg")).to_contain_text("damaged", timeout=WORK_MS)
        assert site.uploads() == before


@ONE_DATABASE
def test_without_javascript(site: Site, browser: Browser, picture: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("not a picture")
    with person_at(site, browser, java_script_enabled=False) as person:
        person.registers()
        person.chooses(note)
        person.presses("Check these files")
        expect(person.page.get_by_role("main")).to_contain_text("This kind of file is not supported.")
        person.chooses(picture)
        person.presses("Check these files")
        person.sees_a_verdict()  # the page loads itself anew until there is one
        person.goes_to("/history/")
        person.presses("Blur previews")
        expect(person.page.get_by_role("button", name="Show previews")).to_be_visible()


@ONE_DATABASE
def test_on_a_phone(site: Site, browser: Browser, picture: Path) -> None:
    with person_at(site, browser, **PHONE) as person:
        person.registers()
        person.has_no_sideways_scrolling()
        person.chooses(picture)
        person.sees_a_verdict()
        person.has_no_sideways_scrolling()
        for path in ("/", "/history/", "/history/?q=nothing&since=never", "/accounts/profile/"):
            person.goes_to(path)
            person.has_no_sideways_scrolling()


@ONE_DATABASE
def test_forgotten_password(site: Site, browser: Browser) -> None:
    """The mail goes to the console, that is into the web server's log."""
    with person_at(site, browser) as person:
        person.registers()
        signs_out(person)
        person.goes_to("/accounts/password_reset/")
        person.page.get_by_label("Email").fill(f"{person.name}@example.org")
        person.presses("Send the link")
        expect(person.page.get_by_role("heading", name="Look into your mail")).to_be_visible()
        link = re.findall(r"http://\S+(/accounts/reset/\S+)", site.log.read_text())[-1]
        person.goes_to(link)
        for field in ("New password", "New password confirmation"):
            person.page.get_by_label(field, exact=True).fill("another-horse-8")
        person.presses("Set the password")
        person.signs_in("another-horse-8")
