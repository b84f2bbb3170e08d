"""Every address of moderation, for everybody: one table. What is not in it must not exist."""

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, reverse

from detection import media_store
from detection.models import Detection
from detection.moderation import claims, urls
from detection.moderation.models import ModerationCase
from tests.factories import jpeg_bytes, make_detection, make_media
from tests.moderation.cases import decide, make_case
from tests.moderation.conftest import Later

PATTERNS = {str(pattern.name): pattern for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)}
PEOPLE = ("anonymous", "owner", "stranger", "moderator", "lead", "admin")

# Address: the status of a good request (GET, or POST where only that is allowed), in the order of PEOPLE.
# 302 for the anonymous visitor is the way to sign in; whoever has nothing to do here gets 404.
ANYBODY = {
    "queue": (302, 404, 404, 200, 200, 200),
    "live": (302, 404, 404, 200, 200, 200),
    "next": (302, 404, 404, 302, 302, 302),
    "blur": (302, 404, 404, 302, 302, 302),
    "case": (302, 404, 404, 200, 200, 200),
    "claim": (302, 404, 404, 302, 302, 302),
    "release": (302, 404, 404, 302, 302, 302),
    "decide": (302, 404, 404, 302, 302, 302),
    "escalate": (302, 404, 404, 302, 302, 302),
    "statistics": (302, 404, 404, 404, 200, 200),
    "statistics-csv": (302, 404, 404, 404, 200, 200),
    "make-known": (302, 404, 404, 404, 302, 302),
    "undo": (302, 404, 404, 404, 404, 404),  # nobody undoes what somebody else has decided
    "dispute": (302, 200, 404, 404, 404, 404),
    "appeal": (302, 200, 404, 404, 404, 404),
}
READ_ONLY = {"queue", "live", "case", "dispute", "appeal", "statistics", "statistics-csv"}


@pytest.fixture
def decided(owner: User, colleague: User, later: Later) -> ModerationCase:
    case = make_case(owner)
    decide(case, colleague, "fake")
    later(case, 31)
    return case


def client_of(request: pytest.FixtureRequest, who: str) -> Client:
    client = Client()
    if who != "anonymous":
        client.force_login(request.getfixturevalue(who))
    return client


def address(name: str, case: ModerationCase) -> str:
    decision = case.decisions.first()
    values = {"case_id": case.pk, "detection_id": case.detection_id, "decision_id": decision.pk if decision else 0}
    return reverse(f"moderation:{name}", kwargs={key: values[key] for key in PATTERNS[name].pattern.converters})


def ask(client: Client, name: str, case: ModerationCase) -> HttpResponse:
    url = address(name, case)
    response: HttpResponse = client.get(url) if name in READ_ONLY else client.post(url)  # type: ignore[assignment]  # the test client's kind of response
    return response


def test_the_table_is_whole() -> None:
    assert set(ANYBODY) == set(PATTERNS)


@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_on_every_address(request: pytest.FixtureRequest, decided: ModerationCase, who: str) -> None:
    client = client_of(request, who)
    got = {name: ask(client, name, decided).status_code for name in ANYBODY}
    assert got == {name: codes[PEOPLE.index(who)] for name, codes in ANYBODY.items()}
    decided.refresh_from_db()
    assert (decided.state, decided.verdict) == ("decided", "fake"), "nothing of this may change a decided case"


@pytest.mark.parametrize("who", ["owner", "stranger"])
def test_without_the_right_nothing_changes(request: pytest.FixtureRequest, owner: User, who: str) -> None:
    case, client = make_case(owner), client_of(request, who)
    for name in set(ANYBODY) - READ_ONLY - {"undo"}:
        ask(client, name, case)
    case.refresh_from_db()
    assert (case.state, case.holder) == ("open", None)


def test_what_changes_something_is_posted(request: pytest.FixtureRequest, decided: ModerationCase) -> None:
    client = client_of(request, "lead")
    for name in set(ANYBODY) - READ_ONLY:
        assert client.get(address(name, decided)).status_code == 405, name


def test_a_moderators_own_upload_is_no_case_for_them(moderator: User, request: pytest.FixtureRequest) -> None:
    case, client = make_case(moderator), client_of(request, "moderator")
    for name in ("case", "claim", "release", "decide", "escalate"):
        assert ask(client, name, case).status_code == 404, name
    assert f"Case {case.pk}" not in client.get(reverse("moderation:queue")).content.decode()


MEDIA = {"preview": (302, 200, 404, 200, 200, 200), "media": (302, 200, 404, 404, 404, 404)}


@pytest.mark.parametrize("who", PEOPLE)
def test_who_moderates_sees_flagged_media_and_no_other(request: pytest.FixtureRequest, owner: User, who: str) -> None:
    flagged, other = make_case(owner).detection, make_detection(owner, state="done")
    client = client_of(request, who)
    for detection in (flagged, other):
        media_store.preview_path(detection.media_id).write_bytes(jpeg_bytes())

    def status(name: str, detection: Detection) -> int:
        response = client.get(reverse(f"detection:{name}", args=[detection.pk]))
        if response.streaming:
            b"".join(response)
        return response.status_code

    for name, codes in MEDIA.items():
        assert status(name, flagged) == codes[PEOPLE.index(who)], name
        assert status(name, other) == {"anonymous": 302, "owner": 200}.get(who, 404), name
    for name in ("result", "evidence", "evidence-json", "delete"):
        assert status(name, flagged) == {"anonymous": 302, "owner": 200}.get(who, 404), name


def test_a_flagged_video_is_played_without_its_name(owner: User, request: pytest.FixtureRequest) -> None:
    media = make_media(owner, kind="video", format="mp4", name="My Name.mp4", duration=3.0)
    case = make_case(owner, media=media)
    response = client_of(request, "moderator").get(reverse("detection:media", args=[case.detection_id]))
    assert response.status_code == 200
    assert "Content-Disposition" not in response
    b"".join(response)


@pytest.mark.django_db
def test_the_groups_are_there_after_migrating() -> None:
    """No command had to be run: the rights come with the tables."""
    rights = {
        group.name: set(
            group.permissions.filter(content_type__app_label="moderation").values_list("codename", flat=True)
        )
        for group in Group.objects.all()
    }
    assert rights["user"] == set()
    assert "decide_case" in rights["moderator"]
    assert "lead_case" not in rights["moderator"]
    assert {"decide_case", "lead_case"} <= rights["lead"]
    assert {"decide_case", "lead_case"} <= rights["admin"]


def test_only_the_holder_decides(owner: User, moderator: User, request: pytest.FixtureRequest) -> None:
    case = make_case(owner)
    claims.claim(case.pk, moderator)
    choice = {"verdict": "real", "confidence": "sure", "ground": "seen"}
    client_of(request, "lead").post(address("decide", case), choice)
    case.refresh_from_db()
    assert case.state == "open"
