"""Where a file comes from stands on the result page beside the verdict, and only what the viewer may know."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from detection import similarity
from detection.models import Detection
from detection.moderation import services
from detection.provenance import seen_before
from tests.factories import make_media
from tests.moderation.cases import decide, make_result

pytestmark = pytest.mark.django_db
FOUND: dict[str, Any] = {
    "credentials": "present",
    "generator": [{"name": "Midjourney", "where": "JPEG text “JPEG comment”", "says": "<b>v6</b>"}],
    "software": ["Adobe Photoshop 25.0"],
    "camera": {"make": "Canon", "model": "EOS R5"},
    "location": True,
}
NOTHING: dict[str, Any] = {"credentials": "none", "generator": [], "software": [], "camera": {}, "location": False}
HASH = "0123456789abcdef"


def page_of(client: Client, detection: Detection) -> str:
    return client.get(reverse("detection:result", args=[detection.pk])).content.decode()


def make_seen(owner: User, days: int = 0, phash: str = HASH, **fields: Any) -> Detection:
    """A finished result on a picture with this hash, so many days ago."""
    media = make_media(owner, **fields)
    similarity.remember(media.pk, phash)
    media.refresh_from_db()
    return make_result(owner, "FAKE", 0.8, media=media, created_at=timezone.now() - timedelta(days=days))


def test_it_works(owner_client: Client, owner: User) -> None:
    page = page_of(owner_client, make_seen(owner, provenance=FOUND))
    for words in ("Midjourney", "Present, not verified", "Adobe Photoshop 25.0", "EOS R5", "The file holds one"):
        assert words in page
    assert "<b>v6</b>" not in page


def test_nothing_said_proves_nothing(owner_client: Client, owner: User) -> None:
    page = page_of(owner_client, make_seen(owner, provenance=NOTHING))
    for words in ("None found", "says nothing about the file", "None named", "Nothing recorded", "None recorded"):
        assert words in page
    assert "Seen before" not in page


def test_files_from_before_have_no_block(owner_client: Client, owner: User) -> None:
    assert "Where it comes from" not in page_of(owner_client, make_seen(owner))


def test_it_is_no_part_of_the_verdict(owner_client: Client, owner: User) -> None:
    with_it, without = make_seen(owner, provenance=FOUND), make_seen(owner, provenance=NOTHING)
    assert (with_it.p_fake, with_it.band, with_it.result) == (without.p_fake, without.band, without.result)


def test_programs_get_it_with_the_facts(owner_client: Client, owner: User) -> None:
    detection = make_seen(owner, provenance=FOUND)
    document = owner_client.get(reverse("detection:evidence-json", args=[detection.pk])).json()
    assert document["media"]["provenance"] == FOUND


def test_seen_before_with_what_people_decided(
    owner_client: Client, owner: User, moderator: User, settings: Settings
) -> None:
    settings.DEEPFAKE_UNDO_SECONDS = 0
    case = services.report(make_seen(owner, 3, name="first.jpg"), owner, "wrong")
    decide(case, moderator, "real", confidence="sure")
    page = page_of(owner_client, make_seen(owner, name="second.jpg", phash="0123456789abcdee"))
    for words in ("Seen before", "first.jpg", "nearly the same picture", "People looked at it and hold it to be real."):
        assert words in page


def test_others_uploads_were_not_seen(owner_client: Client, owner: User, stranger: User) -> None:
    make_seen(stranger, 3, name="secret.jpg")
    page = page_of(owner_client, make_seen(owner, provenance=NOTHING))
    assert "secret.jpg" not in page
    assert "Seen before" not in page


def test_what_came_later_was_not_seen_before(owner: User) -> None:
    first, second = make_seen(owner, 2), make_seen(owner, 1)
    assert seen_before(first, owner) == ()
    assert [one.detection for one in seen_before(second, owner)] == [first]


def test_other_pictures_are_not_listed(owner: User) -> None:
    make_seen(owner, 2, phash="f" * 16)
    assert seen_before(make_seen(owner), owner) == ()
