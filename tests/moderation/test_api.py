"""The same acts for programs: scope and role, the same rules, the same secrets."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern

from detection import media_store
from detection.api.scopes import DETECT_WRITE, MODERATE
from detection.moderation import api_urls
from detection.moderation.models import ModerationCase
from tests.factories import jpeg_bytes, token_client
from tests.moderation.cases import decide, make_case
from tests.moderation.conftest import Later

CHOICE = {"verdict": "fake", "kind": "edit", "ground": "seen", "confidence": "sure", "note": "The hand."}


@pytest.fixture
def program(moderator: User) -> Client:
    """The moderator's program."""
    return token_client(moderator)


def post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(f"/api/moderation/{path}", body, content_type="application/json")


def test_it_works(owner: User, program: Client) -> None:
    case = make_case(owner)
    (row,) = program.get("/api/moderation/queue").json()["results"]
    assert (row["id"], row["state"], row["reasons"], row["label"]) == (
        case.pk,
        "open",
        ["inconclusive"],
        "INCONCLUSIVE",
    )
    claimed = post(program, "next").json()
    assert (claimed["id"], claimed["held"]) == (case.pk, True)
    assert claimed["result"]["members"]["vit"]["p_fake"] == 0.85
    decided = post(program, f"cases/{case.pk}/decide", CHOICE).json()
    assert (decided["state"], decided["verdict"], decided["kind"], decided["held"]) == (
        "decided",
        "fake",
        "edit",
        False,
    )
    (decision,) = decided["decisions"]
    assert (decision["own"], decision["note"]) == (True, "The hand.")
    assert post(program, f"decisions/{decision['id']}/undo").json()["held"] is True
    assert post(program, f"cases/{case.pk}/release").json()["held"] is False
    assert post(program, f"cases/{case.pk}/release").json()["code"] == "not_held"


def test_one_holder(owner: User, program: Client, colleague: User) -> None:
    case, other = make_case(owner), token_client(colleague)
    assert post(program, f"cases/{case.pk}/claim").status_code == 200
    refused = post(other, f"cases/{case.pk}/claim")
    assert (refused.status_code, refused.json()["code"]) == (409, "held_by_another")
    refused = post(other, "next")
    assert (refused.status_code, refused.json()["code"]) == (404, "nothing_to_do")
    refused = post(other, f"cases/{case.pk}/decide", CHOICE)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_held")


def test_escalation(owner: User, program: Client, lead: User) -> None:
    case = make_case(owner)
    post(program, f"cases/{case.pk}/claim")
    assert post(program, f"cases/{case.pk}/escalate", {"note": "Please."}).json()["state"] == "escalated"
    assert post(program, f"cases/{case.pk}/claim").json()["code"] == "for_leads"
    assert post(token_client(lead), "next").json()["id"] == case.pk


def test_the_second_does_not_see_the_first(owner: User, program: Client, colleague: User, later: Later) -> None:
    case = make_case(owner)
    decide(case, colleague, "fake", confidence="unsure")
    later(case, 31)
    shown = program.get(f"/api/moderation/cases/{case.pk}").json()
    assert (shown["state"], shown["decisions"], shown["verdict"]) == ("open", [], "")


def test_filters(owner: User, program: Client) -> None:
    doubtful, disputed = make_case(owner), make_case(owner, "FAKE", 0.8)

    def ids(query: str) -> list[int]:
        return [row["id"] for row in program.get(f"/api/moderation/queue?{query}").json()["results"]]

    assert ids("reason=disputed") == [disputed.pk]
    assert ids("kind=video") == []
    assert ids("limit=1") == [doubtful.pk]
    following = program.get("/api/moderation/queue?limit=1").json()["next"]
    assert [row["id"] for row in program.get(following).json()["results"]] == [disputed.pk]
    assert program.get("/api/moderation/queue?age=nonsense").json()["code"] == "invalid"


def test_the_picture(owner: User, program: Client) -> None:
    case = make_case(owner)
    media_store.preview_path(case.media.pk).write_bytes(jpeg_bytes())
    response = program.get(f"/api/moderation/cases/{case.pk}/preview")
    assert b"".join(response) == jpeg_bytes()


def test_dispute_and_appeal(owner: User, program: Client, moderator: User, later: Later) -> None:
    owners = token_client(owner)
    case = make_case(owner)

    def own(act: str, text: str) -> Any:
        address = f"/api/detections/{case.detection_id}/{act}"
        return owners.post(address, {"text": text}, content_type="application/json")

    assert own("dispute", "I took it.").json()["disputed"] is True
    assert own("appeal", "I took it.").json()["code"] == "nothing_to_appeal"
    assert own("appeal", "").json()["code"] == "invalid"
    decide(case, moderator, "fake")
    later(case, 31)
    assert owners.get(f"/api/detections/{case.detection_id}/review").json()["verdict"] == "fake"
    answer = own("appeal", "I took it.").json()
    assert (answer["appeal"], answer["answer"], answer["waits"]) == ("pending", None, True)
    assert own("appeal", "Again.").json()["code"] == "already_appealed"


PATHS = [str(pattern.pattern) for pattern in api_urls.urlpatterns if isinstance(pattern, URLPattern)]


def filled(path: str, case: ModerationCase) -> str:
    values = {"<int:case_id>": case.pk, "<int:decision_id>": 1, "<uuid:detection_id>": case.detection_id}
    for name, value in values.items():
        path = path.replace(name, str(value))
    return f"/api/{path}"


@pytest.mark.parametrize("path", PATHS)
def test_who_is_refused(owner: User, stranger: User, moderator: User, path: str) -> None:
    """Anonymous programs, tokens without the scope, and people without the role or whose result it is not."""
    case = make_case(owner)
    address, of_owner = filled(path, case), path.startswith("detections")
    read = path.endswith(("queue", "preview", "review")) or path == "moderation/cases/<int:case_id>"

    def code(client: Client) -> tuple[int, str]:
        body: Any = {"text": "Words."} if of_owner else CHOICE
        response = client.get(address) if read else client.post(address, body, content_type="application/json")
        return response.status_code, response.json()["code"]

    assert code(Client()) == (401, "not_authenticated")
    wrong = MODERATE if of_owner else DETECT_WRITE
    assert code(token_client(owner if of_owner else moderator, wrong)) == (403, "insufficient_scope")
    assert code(token_client(stranger))[0] == (404 if of_owner else 403)
    case.refresh_from_db()
    assert (case.state, case.holder, case.reason_codes) == ("open", None, ["inconclusive"])
