"""Who becomes the champion, who does not, and that rows and pointer never part for good."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from detection.models import AuditEvent
from learning.registry import pointer
from learning.registry.errors import RegistryError
from learning.registry.models import ModelVersion
from learning.registry.reconcile import reconcile
from learning.registry.services import promote, refuse, register, rollback, shadow
from ml_core.versions import set_champion
from tests.registry.conftest import judge
from tests.registry.versions import make_folder

State = ModelVersion.State


def state_of(version: ModelVersion) -> str:
    return ModelVersion.objects.get(pk=version.pk).state


def test_it_works(one: ModelVersion, two: ModelVersion, admin: User) -> None:
    judge(two, one)
    promote(two, admin, seen="one")
    assert (state_of(one), state_of(two), pointer.named()) == (State.RETIRED, State.CHAMPION, "two")
    event = AuditEvent.objects.get(verb="version_promoted")
    assert (event.actor, event.data["name"], event.data["replaced"]) == (admin, "two", "one")


def test_a_rollback_brings_the_replaced_one_back_and_does_not_swing(
    one: ModelVersion, two: ModelVersion, admin: User
) -> None:
    judge(two, one)
    promote(two, admin)
    assert rollback(admin, seen="two").name == "one"
    assert (state_of(one), state_of(two), pointer.named()) == (State.CHAMPION, State.RETIRED, "one")
    with pytest.raises(RegistryError, match="nothing_to_roll_back"):
        rollback(admin)


def test_nobody_is_promoted_without_the_gate(one: ModelVersion, two: ModelVersion, admin: User) -> None:
    for verdicts in ((), (False,), (True, False)):
        for passed in verdicts:
            judge(two, one, passed)
        with pytest.raises(RegistryError, match="not_judged"):
            promote(two, admin)
    assert (state_of(one), pointer.named()) == (State.CHAMPION, "one")


def test_a_verdict_against_an_older_champion_is_none(
    one: ModelVersion, two: ModelVersion, admin: User, models: Path
) -> None:
    make_folder(models, "three", created="2026-11-24T10:00:00+00:00")
    three = register("three")
    judge(two, one)
    judge(three, one)
    promote(three, admin)
    with pytest.raises(RegistryError, match="not_judged"):
        promote(two, admin)


def test_of_two_who_press_at_once_one_wins(one: ModelVersion, two: ModelVersion, admin: User) -> None:
    judge(two, one)
    promote(two, admin, seen="one")
    with pytest.raises(RegistryError, match="champion_changed"):
        promote(two, admin, seen="one")
    with pytest.raises(RegistryError, match="champion_changed"):
        rollback(admin, seen="one")
    with pytest.raises(RegistryError, match="already_champion"):
        promote(two, admin)
    assert AuditEvent.objects.filter(verb__in=("version_promoted", "version_rolled_back")).count() == 1


def test_the_command_line_may_go_without_the_gate_and_says_why(one: ModelVersion, two: ModelVersion) -> None:
    promote(two, None, unjudged="no labelled data here")
    assert state_of(two) == State.CHAMPION
    assert AuditEvent.objects.get(verb="version_promoted").data["unjudged"] == "no labelled data here"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda folder: (folder / "gate.safetensors").write_bytes(b"weights of owt"), "checksum"),
        (lambda folder: (folder / "gate.safetensors").write_bytes(b"weig"), "checksum"),
        (lambda folder: (folder / "gate.safetensors").unlink(), "missing_file"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "bad_manifest"),
        (lambda folder: (folder / "manifest.json").unlink(), "no_manifest"),
        (lambda folder: (folder / "manifest.json").write_text((folder / "manifest.json").read_text() + " "), "changed"),
    ],
)
def test_a_spoilt_folder_is_not_promoted(
    spoil: object, code: str, one: ModelVersion, two: ModelVersion, admin: User, models: Path
) -> None:
    judge(two, one)
    spoil(models / "two")  # type: ignore[operator]
    with pytest.raises(RegistryError, match=f"bad_weights: .*{code}"):
        promote(two, admin)
    assert (state_of(one), state_of(two), pointer.named()) == (State.CHAMPION, State.CANDIDATE, "one")


def test_every_state_and_its_forbidden_neighbours(one: ModelVersion, two: ModelVersion, admin: User) -> None:
    judge(two, one)
    shadow(two, admin)
    with pytest.raises(RegistryError, match="wrong_state"):
        shadow(two, admin)
    promote(two, admin)
    for row in (one, two):  # retired, champion
        with pytest.raises(RegistryError, match="wrong_state"):
            refuse(row, [])
        with pytest.raises(RegistryError, match="wrong_state"):
            shadow(row, admin)


def test_a_refused_one_stays_with_its_reasons(one: ModelVersion, two: ModelVersion, admin: User) -> None:
    refuse(two, [{"code": "auc", "text": "AUC fell on dfdc"}])
    judge(two, one)
    with pytest.raises(RegistryError, match="wrong_state"):
        promote(two, admin)
    row = ModelVersion.objects.get(pk=two.pk)
    assert (row.state, row.reasons[0]["code"]) == (State.REFUSED, "auc")


def test_where_the_pointer_cannot_be_moved_nothing_has_changed(
    one: ModelVersion, two: ModelVersion, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> None:
        raise OSError(28, "No space left on device")

    judge(two, one)
    monkeypatch.setattr(pointer, "move", fail)
    with pytest.raises(RegistryError, match="pointer_not_moved"):
        promote(two, admin)
    assert (state_of(one), state_of(two), pointer.named()) == (State.CHAMPION, State.CANDIDATE, "one")
    assert reconcile() == []
    assert AuditEvent.objects.filter(verb="version_undone").exists()


def test_a_promotion_cut_off_before_the_pointer_is_ended_at_the_next_start(
    one: ModelVersion, two: ModelVersion, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(name: str) -> None:
        raise KeyboardInterrupt

    judge(two, one)
    with monkeypatch.context() as patch:
        patch.setattr(pointer, "move", die)
        with pytest.raises(KeyboardInterrupt):
            promote(two, admin)
    assert (state_of(two), pointer.named()) == (State.CHAMPION, "one")
    assert len(reconcile()) == 1
    assert (state_of(two), pointer.named()) == (State.CHAMPION, "two")
    assert reconcile() == []


def test_a_pointer_that_was_moved_on_disk_is_followed(one: ModelVersion, two: ModelVersion, models: Path) -> None:
    set_champion(models, "two")
    reconcile()
    assert (state_of(one), state_of(two)) == (State.RETIRED, State.CHAMPION)
    adopted = AuditEvent.objects.filter(verb="version_adopted").first()
    assert adopted is not None
    assert adopted.data["replaced"] == "one"
    assert rollback(None).name == "one"


def test_versions_on_disk_get_their_rows_once(db: None, models: Path) -> None:
    make_folder(models, "older", created="2026-11-20T10:00:00+00:00")
    make_folder(models, "newer", created="2026-11-25T10:00:00+00:00")
    (make_folder(models, "broken") / "gate.safetensors").write_bytes(b"")
    for _ in range(2):
        reconcile()
        found = dict(ModelVersion.objects.values_list("name", "state"))
        assert found == {"one": State.CHAMPION, "older": State.RETIRED, "newer": State.CANDIDATE}


def test_a_folder_found_before_its_maker_registers_it_gets_its_origin(one: ModelVersion, models: Path) -> None:
    make_folder(models, "two", created="2026-11-23T10:00:00+00:00")
    reconcile()
    row = register("two", ModelVersion.Origin.FEEDBACK, one, run_id="7")
    assert (row.origin, row.parent, row.run_id) == ("feedback", one, "7")
    assert register("two").pk == row.pk


def test_other_content_under_a_known_name_is_refused(one: ModelVersion, two: ModelVersion, models: Path) -> None:
    path = models / "two" / "manifest.json"
    path.write_text(path.read_text().replace('"parent": null', '"parent": "one"'))
    with pytest.raises(RegistryError, match="name_taken"):
        register("two")
