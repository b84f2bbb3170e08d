"""The audit trail leaves the site as a file, and the commands that an operator has for it."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from detection import audit
from detection.audit_chain import GENESIS, head, link_hash
from detection.models import AuditEvent
from tests.audit_guards import unguarded

pytestmark = pytest.mark.django_db


@pytest.fixture
def events(owner: User) -> list[AuditEvent]:
    made = [audit.record(owner, "tested", owner, before={"n": n}, word="=ü") for n in range(4)]
    head()
    return made


def output(command: str, *arguments: str) -> str:
    stream = io.StringIO()
    call_command(command, *arguments, stdout=stream)
    return stream.getvalue()


def test_json_lines_can_be_checked_alone(events: list[AuditEvent]) -> None:
    rows = [json.loads(line) for line in output("export_audit").splitlines()]
    assert [row["position"] for row in rows] == [1, 2, 3, 4]
    assert rows[0]["previous"] == GENESIS
    for row in rows:
        assert row["hash"] == link_hash(row["previous"], row["digest"])
    assert (rows[2]["before"], rows[2]["data"], rows[2]["actor_name"]) == ({"n": 2}, {"word": "=ü"}, "owner")


def test_a_part_still_names_the_hash_before_it(events: list[AuditEvent]) -> None:
    since = events[2].at.isoformat()
    rows = [json.loads(line) for line in output("export_audit", "--since", since).splitlines()]
    assert [row["position"] for row in rows] == [3, 4]
    for row in rows:
        assert row["hash"] == link_hash(row["previous"], row["digest"])


def test_csv(events: list[AuditEvent]) -> None:
    rows = list(csv.DictReader(io.StringIO(output("export_audit", "--format", "csv"))))
    assert [(row["position"], row["verb"], row["before"]) for row in rows][:2] == [
        ("1", "tested", '{"n": 0}'),
        ("2", "tested", '{"n": 1}'),
    ]


def test_a_formula_in_a_name_is_defused(owner: User) -> None:
    owner.username = "=cmd"
    audit.record(owner, "tested", owner)
    row = next(csv.DictReader(io.StringIO(output("export_audit", "--format", "csv"))))
    assert row["actor_name"] == "'=cmd"


def test_to_a_new_file_only(events: list[AuditEvent], tmp_path: Path) -> None:
    target = tmp_path / "trail.jsonl"
    output("export_audit", "--output", str(target))
    assert len(target.read_text().splitlines()) == 4
    with pytest.raises(CommandError, match="File exists"):
        output("export_audit", "--output", str(target))


def test_since_must_be_a_time() -> None:
    with pytest.raises(CommandError, match="is not a time"):
        output("export_audit", "--since", "yesterday")


def test_verify_prints_the_head(events: list[AuditEvent]) -> None:
    position, end = head() or (0, "")
    assert output("verify_audit") == f"The audit trail is sound: 4 events. Head: {position}:{end}\n"
    assert "sound" in output("verify_audit", "--anchor", f"{position}:{end}")


def test_verify_says_where_it_breaks(events: list[AuditEvent]) -> None:
    with unguarded():
        AuditEvent.objects.filter(pk=events[1].pk).update(verb="approved")
    stream = io.StringIO()
    with pytest.raises(CommandError, match="1 places;") as error:
        call_command("verify_audit", stdout=stream)
    assert error.value.returncode == 1
    assert stream.getvalue() == f"BROKEN at position 2, event {events[1].pk}: the event was changed\n"


def test_verify_refuses_half_an_anchor() -> None:
    with pytest.raises(CommandError, match="POSITION:HASH"):
        output("verify_audit", "--anchor", "4")
