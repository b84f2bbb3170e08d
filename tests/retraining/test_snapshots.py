"""What a run may see: frozen once, without what judges it, split so that nobody is on both sides."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from detection.models import MediaFile
from detection.services import delete_media
from learning.registry.models import FrozenItem, FrozenSet, ModelVersion
from learning.retraining.models import Share, TrainingRun
from learning.retraining.plans import plan_for
from learning.retraining.snapshots import freeze
from learning.retraining.splitting import Labelled, split

Confirmed = list[MediaFile]


def many(persons: int, each: int) -> list[Labelled]:
    return [Labelled(f"{p:02}{n:02}", n % 2 == 0, p) for p in range(persons) for n in range(each)]


def test_it_works(confirmed: Confirmed, champion: ModelVersion) -> None:
    snapshot = freeze(timezone.now())
    items = list(snapshot.items.all())
    assert {item.sha256 for item in items} == {media.sha256 for media in confirmed}
    assert sum(item.fake for item in items) == 10
    assert 2 <= sum(item.share == Share.HELD_OUT for item in items) <= 7
    assert snapshot.split_by == "person"
    assert all(item.labelled_at for item in items)


def test_the_same_data_is_the_same_snapshot(confirmed: Confirmed, champion: ModelVersion) -> None:
    first = freeze(timezone.now())
    assert freeze(timezone.now()) == first
    delete_media(confirmed[0], confirmed[0].owner)
    later = freeze(timezone.now())
    assert later.digest != first.digest
    assert confirmed[0].sha256 not in set(later.items.values_list("sha256", flat=True))


def test_what_is_frozen_is_never_trained_on(confirmed: Confirmed, champion: ModelVersion) -> None:
    row = FrozenSet.objects.create(name="lab", digest="-")
    FrozenItem.objects.create(frozen_set=row, sha256=confirmed[3].sha256, name="a copy of it", fake=True)
    snapshot = freeze(timezone.now())
    assert confirmed[3].sha256 not in set(snapshot.items.values_list("sha256", flat=True))
    assert snapshot.left_out == {"frozen": 1}


def test_a_file_that_is_gone_is_left_out(confirmed: Confirmed, champion: ModelVersion) -> None:
    from detection import media_store

    media_store.discard(confirmed[5].pk)
    assert freeze(timezone.now()).left_out == {"media_missing": 1}


def test_without_consent_nothing_is_seen(confirmed: Confirmed, champion: ModelVersion) -> None:
    MediaFile.objects.update(may_train=False)
    assert not freeze(timezone.now()).items.exists()


def test_the_plan_names_nobody(confirmed: Confirmed, run: TrainingRun) -> None:
    run.snapshot = freeze(timezone.now())
    text = str(plan_for(run))
    assert "giver-" not in text
    assert "portrait.jpg" not in text
    assert run.created_at.tzinfo is not None
    assert datetime.now(UTC).strftime("%Y") in text


class TestSplit:
    @pytest.mark.parametrize(("persons", "each"), [(20, 1), (10, 3), (7, 5), (40, 2)])
    def test_nobody_is_on_both_sides(self, persons: int, each: int) -> None:
        items = many(persons, each)
        parts = split(items)
        sides = {
            person: {item.sha256 in parts.held_out for item in items if item.person == person}
            for person in range(persons)
        }
        assert parts.by == "person"
        assert all(len(side) == 1 for side in sides.values())
        assert 0.1 * len(items) <= len(parts.held_out) <= 0.35 * len(items)

    def test_both_labels_are_held_out(self) -> None:
        items = [Labelled(f"{person:02}", person < 5, person) for person in range(25)]
        held = split(items).held_out
        assert {item.fake for item in items if item.sha256 in held} == {True, False}

    def test_one_persons_media_are_split_one_by_one(self) -> None:
        items = many(1, 20)
        parts = split(items)
        assert parts.by == "media"
        assert len(parts.held_out) == 4
        assert {item.fake for item in items if item.sha256 in parts.held_out} == {True, False}

    def test_the_order_is_no_matter(self) -> None:
        items = many(12, 2)
        assert split(items) == split(items[::-1])
