"""Somebody with a browser: what they do, in the words of the pages."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.e2e.site import Site

PASSWORD = "correct-horse-9"
VERDICT = re.compile(r"FAKE|REAL|INCONCLUSIVE|NOT APPLICABLE")
WORK_MS = 240_000  # seconds on an idle machine; a busy one loads the models slowly
PAGE_MS = 60_000


class Person:
    """A new person in a browser window of their own."""

    def __init__(self, site: Site, page: Page) -> None:
        self.site, self.page = site, page
        self.name = f"person-{secrets.token_hex(4)}"
        self.faults: list[str] = []
        page.set_default_timeout(PAGE_MS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self._listen(message.text))

    def _listen(self, text: str) -> None:
        if "Content Security Policy" in text or "Refused to" in text:
            self.faults.append(text)

    def goes_to(self, path: str) -> None:
        self.page.goto(f"{self.site.url}{path}")

    def presses(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    def registers(self) -> None:
        self.goes_to("/")
        self.page.get_by_role("main").get_by_role("link", name="Register").click()
        self.page.get_by_label("Username").fill(self.name)
        self.page.get_by_label("Email address").fill(f"{self.name}@example.org")
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_label("Password again").fill(PASSWORD)
        self.presses("Register")
        expect(self.page.get_by_role("heading", name="Is this real?")).to_be_visible()

    def signs_in(self, password: str = PASSWORD) -> None:
        self.goes_to("/accounts/login/")
        self.page.get_by_label("Username").fill(self.name)
        self.page.get_by_label("Password").fill(password)
        self.presses("Sign in")
        expect(self.page.get_by_role("heading", name="Is this real?")).to_be_visible()

    def chooses(self, *files: Path) -> None:
        self.page.locator("#files").set_input_files([str(file) for file in files])

    def sees_a_verdict(self) -> None:
        expect(self.page.locator("[data-verdict]")).to_have_text(VERDICT, timeout=WORK_MS)

    def sees_rows(self, count: int) -> None:
        expect(self.page.get_by_role("rowheader")).to_have_count(count)

    def has_no_sideways_scrolling(self) -> None:
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px too wide"


@contextmanager
def person_at(site: Site, browser: Browser, **options: Any) -> Iterator[Person]:
    """Opens the window; at its end no script failed and no policy was broken."""
    with browser.new_context(**options) as context:
        person = Person(site, context.new_page())
        yield person
        assert person.faults == []
