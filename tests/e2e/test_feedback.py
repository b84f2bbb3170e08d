"""What a person says about a verdict, in a real browser on a phone: given, changed, taken back, and seen."""

import re
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.person import PASSWORD, Person, person_at
from tests.e2e.site import Site, run

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
pytestmark = [pytest.mark.e2e, pytest.mark.parametrize("site", ["sqlite"], indirect=True)]
HIRE = """
from django.contrib.auth.models import User
from detection.permissions import give_role
give_role(User.objects.create_user('{name}', '{name}@example.org', '{password}', is_staff=True), 'admin')
"""
# Random weights may say anything: the journey is that of a picture that was called fake.
CALLED_FAKE = """
from detection.models import Detection
Detection.objects.filter(pk='{pk}').update(label='FAKE', band='fake', p_fake=0.8, confidence=0.8)
"""


def shell(site: Site, code: str) -> None:
    run(site.environment, "manage.py", "shell", "-c", code)


def block(person: Person) -> Locator:
    return person.page.locator("#feedback")


def has_a_fake(owner: Person, picture: Path) -> None:
    owner.registers()
    owner.chooses(picture)
    owner.sees_a_verdict()
    shell(owner.site, CALLED_FAKE.format(pk=re.findall(r"[0-9a-f-]{36}", owner.page.url)[0]))
    owner.page.reload()


def says_incorrect(owner: Person) -> None:
    expect(block(owner)).to_contain_text("Is this verdict right?")
    owner.presses("Incorrect")
    expect(block(owner)).to_contain_text("You said: Incorrect")
    expect(block(owner)).to_contain_text("Pending")
    owner.has_no_sideways_scrolling()


def thinks_again(owner: Person) -> None:
    block(owner).get_by_role("link", name="Say how you know, or change").click()
    owner.has_no_sideways_scrolling()
    owner.page.get_by_role("radio", name="Correct", exact=True).check()
    owner.page.get_by_label("How do you know?").fill("I asked the person who sent it.")
    owner.presses("Save the change")
    expect(block(owner)).to_contain_text("You said: Correct")
    block(owner).get_by_role("link", name="What became of it").click()
    expect(owner.page.get_by_role("main")).to_contain_text("I asked the person who sent it.")
    owner.has_no_sideways_scrolling()
    owner.page.get_by_role("link", name="Open the result").click()


def takes_it_back(owner: Person) -> None:
    owner.presses("Withdraw")
    expect(owner.page.locator("body")).to_contain_text("Your answer is withdrawn")
    expect(block(owner)).not_to_contain_text("You said")
    owner.has_no_sideways_scrolling()


def sees(admin: Person, answers: str, count: int, row: str) -> None:
    """In the list of reporters, on the learning page, and in the administration."""
    admin.goes_to("/feedback/reporters/")
    expect(admin.page.get_by_role("main")).to_contain_text(answers)
    admin.has_no_sideways_scrolling()
    admin.goes_to("/learning/")
    figure = admin.page.locator(".figures__item", has=admin.page.get_by_text("Feedback", exact=True))
    expect(figure.locator("dd").first).to_have_text(str(count))
    admin.has_no_sideways_scrolling()
    admin.goes_to("/admin/feedback/feedback/")
    expect(admin.page.locator("#result_list .field-state")).to_have_text(row)


def test_given_changed_and_taken_back(site: Site, browser: Browser, picture: Path) -> None:
    with ExitStack() as stack:
        owner, admin = (stack.enter_context(person_at(site, browser, **PHONE)) for _ in range(2))
        shell(site, HIRE.format(name=admin.name, password=PASSWORD))
        admin.signs_in()
        has_a_fake(owner, picture)
        says_incorrect(owner)
        sees(admin, "0 correct, 1 incorrect", 1, "pending")
        thinks_again(owner)
        sees(admin, "1 correct, 0 incorrect", 1, "pending")
        takes_it_back(owner)
        sees(admin, "1 withdrawn", 0, "withdrawn")
