"""How long files are kept: the site's time, or a shorter one of their owner's."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from deepfake_site.accounts import retention, tasks
from detection.models import Detection, MediaFile
from tests.factories import make_detection


def aged(owner: User, days: float, state: str = "done") -> MediaFile:
    media = make_detection(owner, state=state).media
    MediaFile.objects.filter(pk=media.pk).update(created_at=timezone.now() - timedelta(days=days))
    return media


def purged(media: MediaFile) -> bool:
    media.refresh_from_db()
    return media.purged_at is not None


def test_chosen_time_removes_files_and_keeps_results(owner_client: Client, owner: User, stranger: User) -> None:
    old, young, busy, other = aged(owner, 8), aged(owner, 6), aged(owner, 8, "running"), aged(stranger, 8)
    owner_client.post("/accounts/retention/", {"days": "7"})
    tasks.purge_chosen()
    assert [purged(media) for media in (old, young, busy, other)] == [True, False, False, False]
    assert Detection.objects.filter(media=old, label="FAKE").exists()


def test_back_to_the_sites_own(owner_client: Client, owner: User) -> None:
    owner_client.post("/accounts/retention/", {"days": "1"})
    assert '<option value="1" selected>' in owner_client.get("/accounts/profile/").content.decode()
    owner_client.post("/accounts/retention/", {"days": ""})
    assert retention.chosen_by(owner) is None
    media = aged(owner, 8)
    tasks.purge_chosen()
    assert not purged(media)


@pytest.mark.parametrize("days", ["0", "-1", "30", "365", "x"])
def test_only_what_the_list_offers(owner_client: Client, owner: User, days: str) -> None:
    page = owner_client.post("/accounts/retention/", {"days": days}, follow=True).content.decode()
    assert "Choose one of the times" in page
    assert retention.chosen_by(owner) is None


def test_site_that_keeps_for_ever_offers_every_time(owner_client: Client, settings: Settings) -> None:
    settings.DEEPFAKE_RETENTION_DAYS = 0
    page = owner_client.get("/accounts/profile/").content.decode()
    assert "after 90 days" in page
    assert "The files themselves stay, too" in page
