"""The audit trail: whatever is done to it behind the site's back is found, and said where."""

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F

from detection import audit, services
from detection.audit_chain import GENESIS, canonical, head, verify
from detection.models import AuditEvent, AuditHead, AuditLink
from tests.audit_guards import unguarded
from tests.factories import make_detection, make_user

pytestmark = pytest.mark.django_db


def write(actor: User | None, count: int = 5) -> list[AuditEvent]:
    """Some events, chained."""
    subject = make_user()
    events = [audit.record(actor, "tested", subject, after={"number": n}, number=n) for n in range(count)]
    head()
    return events


def breaks() -> list[str]:
    return [str(broken) for broken in verify()]


def test_it_works(owner: User) -> None:
    write(owner)
    assert breaks() == []
    assert list(AuditLink.objects.order_by("position").values_list("position", flat=True)) == [1, 2, 3, 4, 5]


def test_an_empty_trail_is_sound() -> None:
    assert breaks() == []


def test_the_digest_is_the_documented_one(owner: User) -> None:
    """Worked out here by hand, as docs/audit.md describes it."""
    event = audit.record(owner, "tested", owner, before={"b": 2.0, "a": None}, after=None, word="ü", at=[1.5, True])
    at = event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
    line = (
        f'{{"actor":{owner.pk},"actor_name":"owner","after":null,"at":"{at}","before":{{"a":null,"b":2}},'
        f'"data":{{"at":[1.5,true],"word":"\\u00fc"}},"object_id":"{owner.pk}","object_type":"auth.user",'
        '"request_id":"","verb":"tested"}'
    )
    assert canonical(event) == line
    digest = hashlib.sha256(line.encode()).hexdigest()
    assert event.digest == digest
    assert head() == (1, hashlib.sha256((GENESIS + digest).encode()).hexdigest())


@pytest.mark.parametrize(
    "value", [1e22, 1.5e300, -0.0, 1e-7, 0.1, 2**70, "\u2028\U0001f600", [[]], {"z": {"y": [None, False]}}, 3.0]
)
def test_what_the_database_gives_back_is_what_was_hashed(owner: User, value: Any) -> None:
    audit.record(owner, "tested", owner, before={"value": value}, value=value)
    assert breaks() == []


def test_times_and_ids_may_be_recorded(owner: User) -> None:
    detection = make_detection(owner)
    event = audit.record(owner, "tested", detection, when=datetime(2026, 1, 2, tzinfo=UTC), of=detection.pk)
    assert event.data == {"when": "2026-01-02T00:00:00Z", "of": str(detection.pk)}
    assert breaks() == []


def test_deleting_the_actor_changes_nothing(owner: User) -> None:
    write(owner)
    services.delete_account(owner)
    assert not User.objects.filter(username="owner").exists()
    assert AuditEvent.objects.filter(actor_name="owner").count() == 6
    assert breaks() == []


CHANGES: dict[str, Any] = {
    "at": datetime(2020, 1, 1, tzinfo=UTC),
    "actor_id": None,
    "actor_name": "somebody else",
    "verb": "approved",
    "object_type": "auth.group",
    "object_id": "4711",
    "request_id": "f" * 32,
    "data": {"number": 99},
    "before": {"number": 1},
    "after": None,
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_change_is_found(owner: User, field: str) -> None:
    changed = write(owner)[2]
    with unguarded():
        AuditEvent.objects.filter(pk=changed.pk).update(**{field: CHANGES[field]})
    assert breaks() == [f"position 3, event {changed.pk}: the event was changed"]


def test_a_change_with_a_new_digest_is_found(owner: User) -> None:
    changed = write(owner)[2]
    changed.verb = "approved"
    changed.digest = hashlib.sha256(canonical(changed).encode()).hexdigest()
    with unguarded():
        changed.save()
    assert breaks() == [f"position 3, event {changed.pk}: the hash does not follow from the one before"]


def test_a_deletion_is_found(owner: User) -> None:
    gone = write(owner)[1]
    with unguarded():
        AuditLink.objects.filter(event=gone).delete()
        AuditEvent.objects.filter(pk=gone.pk).delete()
    assert breaks()[0] == "position 2, event –: missing"


def test_a_deletion_with_the_gap_closed_is_found(owner: User) -> None:
    events = write(owner)
    with unguarded():
        AuditLink.objects.filter(event=events[1]).delete()
        AuditEvent.objects.filter(pk=events[1].pk).delete()
        for link in AuditLink.objects.filter(position__gt=2).order_by("position"):
            AuditLink.objects.filter(position=link.position).update(position=F("position") - 1)
    assert breaks()[0] == f"position 2, event {events[2].pk}: the hash does not follow from the one before"


def test_the_first_one_cannot_go_unnoticed(owner: User) -> None:
    gone = write(owner)[0]
    with unguarded():
        AuditLink.objects.filter(event=gone).delete()
        AuditEvent.objects.filter(pk=gone.pk).delete()
    assert breaks()[0] == "position 1, event –: missing"


def test_reordering_is_found(owner: User) -> None:
    events = write(owner)
    with unguarded():
        links = {link.position: link.hash for link in AuditLink.objects.all()}
        AuditLink.objects.filter(position__in=(2, 3)).delete()
        AuditLink.objects.create(position=2, event=events[2], hash=links[2])
        AuditLink.objects.create(position=3, event=events[1], hash=links[3])
    assert [text.split(",")[0] for text in breaks()] == ["position 2", "position 3"]


def test_an_insertion_is_found(owner: User) -> None:
    template = write(owner)[0]
    with unguarded():
        template.pk = None
        template.save(force_insert=True)
    assert breaks() == [f"outside the chain, event {template.pk}: the event was never chained"]


@pytest.mark.parametrize("with_head", [False, True])
def test_a_cut_off_end_is_found(owner: User, with_head: bool) -> None:
    events = write(owner)
    with unguarded():
        AuditLink.objects.filter(position__gt=3).delete()
        if with_head:
            AuditHead.objects.update(position=3, hash=AuditLink.objects.get(position=3).hash)
        else:
            AuditEvent.objects.filter(pk__in=[event.pk for event in events[3:]]).delete()
    expected = "the event was never chained" if with_head else "the end is missing: the head says 5 events"
    assert expected in breaks()[0]


def test_a_missing_head_is_found(owner: User) -> None:
    write(owner)
    with unguarded():
        AuditHead.objects.all().delete()
    assert breaks() == ["outside the chain, event –: the head is missing"]


def test_an_emptied_trail_is_found(owner: User) -> None:
    write(owner)
    with unguarded():
        AuditLink.objects.all().delete()
        AuditEvent.objects.all().delete()
    assert breaks() == ["position 1, event –: the end is missing: the head says 5 events"]


def test_a_trail_that_was_made_anew_needs_an_anchor(owner: User) -> None:
    write(owner)
    noted = head()
    with unguarded():
        AuditLink.objects.all().delete()
        AuditHead.objects.all().delete()
        AuditEvent.objects.all().delete()
    write(owner)
    assert breaks() == []
    assert [broken.position for broken in verify(noted)] == [5]
    assert [broken.what for broken in verify((7, GENESIS))] == ["the end is missing: 7 events were noted"]


def test_rows_from_before_the_chain_are_chained(owner: User) -> None:
    """What the migration does to an installation that has events already."""
    events = write(owner)
    with unguarded():
        AuditLink.objects.all().delete()
        AuditHead.objects.all().delete()
        AuditEvent.objects.update(digest="")
        AuditEvent.objects.filter(pk=events[0].pk).update(actor=None, data={"share": 1.0, "name": "ü"})
        import_module("detection.migrations.0003_audit_chain").chain(apps, None)
    assert breaks() == []
    assert (head() or (0, ""))[0] == 5
    audit.record(owner, "tested", owner)
    assert breaks() == []


def test_of_a_rolled_back_write_nothing_stays(owner: User) -> None:
    write(owner, 2)

    def fail() -> None:
        with transaction.atomic():
            audit.record(owner, "tested", owner)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    write(owner, 1)
    assert breaks() == []
    assert (head() or (0, ""))[0] == 3


def at_once(work: Callable[[int], None], count: int) -> list[Exception]:
    """The same work in `count` threads that start together; gives what went wrong."""
    gate, wrong = threading.Barrier(count), list[Exception]()

    def run(number: int) -> None:
        try:
            gate.wait()
            work(number)
        except Exception as error:  # noqa: BLE001  # the test reports whatever it was
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


@pytest.mark.django_db(transaction=True)
def test_parallel_writers_make_one_chain() -> None:
    """Transactions of several writes, the event anywhere among them, some rolled back: no fork, no gap, no deadlock."""
    people = [make_user() for _ in range(4)]

    def work(number: int) -> None:
        for turn in range(12):
            with transaction.atomic():
                audit.record(people[number], "tested", people[number], turn=turn)
                User.objects.filter(pk=people[(number + turn) % 4].pk).update(last_name=str(turn))
                if turn % 5 == 4:
                    transaction.set_rollback(True)

    assert at_once(work, 4) == []
    assert breaks() == []
    assert head() == (40, AuditLink.objects.get(position=40).hash)


@pytest.mark.django_db(transaction=True)
def test_writers_do_not_wait_for_an_open_transaction() -> None:
    """The head is locked by the commit only: a long transaction with an event in it holds nobody up."""
    if connection.vendor == "sqlite":
        return  # it has one writer at a time anyway
    first, second = make_user(), make_user()
    with transaction.atomic():
        audit.record(first, "slow", first)

        def other(_: int) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            audit.record(second, "quick", second)

        assert at_once(other, 1) == []
    verbs = AuditEvent.objects.order_by("link__position").values_list("verb", flat=True)
    assert list(verbs) == ["quick", "slow"]
    assert breaks() == []


@pytest.mark.django_db(transaction=True)
def test_verifying_while_others_write(owner: User) -> None:
    write(owner, 3)
    found: list[str] = []

    def work(number: int) -> None:
        for _ in range(10):
            if number:
                audit.record(owner, "tested", owner)
            else:
                found.extend(breaks())

    assert at_once(work, 3) == []
    assert found == []
    assert breaks() == []


def test_the_clock_may_go_backwards(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    write(owner, 1)
    earlier = datetime.now(UTC) - timedelta(days=1)
    monkeypatch.setattr("detection.audit.timezone.now", lambda: earlier)
    write(owner, 1)
    assert breaks() == []
