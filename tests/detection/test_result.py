"""The result page in every state, and what its owner can do there."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from detection.charts import LANE_HEIGHT, lane, regions
from detection.models import Detection, MediaFile
from ml_core.verdict import REASONS, SENTENCES, Bands
from tests.factories import make_detection, make_media, make_verdict

CAUTION = "Do not use this alone to accuse a person."


def done(owner: User, media: MediaFile | None = None, **fields: Any) -> Detection:
    """A finished detection with this verdict."""
    verdict = make_verdict(**fields)
    copied = ("label", "band", "p_fake", "confidence")
    values = {name: verdict[name] for name in copied}
    return make_detection(owner, media, state="done", result=verdict, reason=verdict["reason"] or "", **values)


def page(client: Client, detection: Detection, name: str = "result") -> str:
    response = client.get(reverse(f"detection:{name}", args=[detection.id]))
    assert response.status_code == 200
    return str(response.content.decode())


def face(
    p_fake: float, track: int = 0, time: float | None = None, frame: int = 0, left: float = 80.0
) -> dict[str, Any]:
    return {
        "box": [left, 40.0, left + 100, 190.0],
        "score": 0.98,
        "p_fake": p_fake,
        "time": time,
        "frame": frame,
        "track": track,
        "decides": track == 0,
    }


@pytest.mark.parametrize(
    ("label", "band", "p_fake", "shown"),
    [
        ("FAKE", "strong_fake", 0.97, "97 %"),
        ("FAKE", "fake", 0.75, "75 %"),
        ("INCONCLUSIVE", "inconclusive", 0.5, "50 %"),
        ("REAL", "real", 0.2, "20 %"),
        ("REAL", "strong_real", 0.0001, "&lt;1 %"),
    ],
)
def test_the_verdict_in_fixed_words(
    owner_client: Client, owner: User, label: str, band: str, p_fake: float, shown: str
) -> None:
    text = page(owner_client, done(owner, label=label, band=band, p_fake=p_fake))
    assert SENTENCES[band] in text
    assert label in text
    assert shown in text
    assert (CAUTION in text) == (label == "FAKE")


@pytest.mark.parametrize("reason", list(REASONS))
def test_not_applicable_says_what_would_help(owner_client: Client, owner: User, reason: str) -> None:
    text = page(owner_client, done(owner, label="NOT_APPLICABLE", band="not_applicable", reason=reason, faces=[]))
    assert "NOT APPLICABLE" in text
    assert REASONS[reason] in text
    assert CAUTION not in text


def test_members_with_their_stance(owner_client: Client, owner: User) -> None:
    members = {
        "cnn": {"p_fake": 0.1, "weight": 0.1},
        "resnext": {"p_fake": 0.9, "weight": 0.6},
        "vit": {"p_fake": 0.5, "weight": 0.3},
        "lstm": None,
    }
    text = page(owner_client, done(owner, members=members))
    assert [text.count(word) for word in ("Disagrees", "Agrees", "Undecided", "Needs a video: took no part")] == [1] * 4
    assert "60 %" in text


def test_several_faces_are_numbered(owner_client: Client, owner: User) -> None:
    text = page(owner_client, done(owner, faces=[face(0.87), face(0.1, track=1, left=200.0)]))
    assert "2 faces" in text
    assert text.count('class="boxes__number"') == 2
    assert 'viewBox="0 0 320 240"' in text
    assert 'x="200.0" y="40.0" width="100.0" height="150.0"' in text


def test_a_video_has_a_player_lanes_and_frames(owner_client: Client, owner: User) -> None:
    media = make_media(owner, name="clip.mp4", kind="video", format="mp4", duration=4.0, codec="h264")
    faces = [face(0.9, time=1.0, frame=0), face(0.2, 1, 1.0, 0, 200.0), face(0.8, time=3.0, frame=1)]
    frames = [{"time": 1.0, "p_fake": 0.9}, {"time": 3.0, "p_fake": 0.8}, {"time": 3.9, "p_fake": None}]
    detection = done(owner, media, kind="video", faces=faces, frames=frames)
    text = page(owner_client, detection)
    assert "<video" in text
    assert reverse("detection:media", args=[detection.id]) in text
    assert [f"Person {number} " in text for number in (1, 2, 3)] == [True, True, False]
    assert all(reverse("detection:frame", args=[detection.id, index]) in text for index in range(3))
    assert "no face" in text


def test_what_browsers_cannot_play_is_not_put_into_a_player(owner_client: Client, owner: User) -> None:
    media = make_media(owner, name="clip.avi", kind="video", format="avi", duration=4.0)
    text = page(owner_client, done(owner, media, kind="video", frames=[]))
    assert "<video" not in text
    assert "Browsers do not play AVI files" in text


def test_facts(owner_client: Client, owner: User) -> None:
    detection = done(owner)
    text = page(owner_client, detection)
    for fact in (detection.media.sha256, "320 × 240 pixels", "tiny-1", "cpu", "123 ms", "portrait.jpg"):
        assert fact in text


def test_names_are_escaped(owner_client: Client, owner: User) -> None:
    text = page(owner_client, done(owner, make_media(owner, name="<script>alert(1)</script>.jpg")))
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_purged_media_leave_the_result(owner_client: Client, owner: User) -> None:
    text = page(owner_client, done(owner, make_media(owner, purged_at=timezone.now())))
    assert "no longer stored" in text
    assert "Run again" not in text


def test_while_it_waits_the_page_reloads_without_a_script(owner_client: Client, owner: User) -> None:
    text = page(owner_client, make_detection(owner))
    assert '<noscript><meta http-equiv="refresh"' in text
    assert "Next in the queue." in text
    assert "Cancel" in text
    assert "http-equiv" not in page(owner_client, done(owner))


def test_failed_says_why_and_what_to_do(owner_client: Client, owner: User) -> None:
    text = page(owner_client, make_detection(owner, state="failed", stage="finished", error_code="poison"))
    assert "stopped the worker three times" in text
    assert "Run again" in text


def test_an_unknown_error_code_is_no_error(owner_client: Client, owner: User) -> None:
    assert "Run it again" in page(owner_client, make_detection(owner, state="failed", error_code="from-the-future"))


def test_the_evidence_alone_is_no_page(owner_client: Client, owner: User) -> None:
    text = page(owner_client, done(owner), "evidence")
    assert "Evidence of manipulation." in text
    assert "<html" not in text


def test_evidence_as_a_file(owner_client: Client, owner: User) -> None:
    detection = done(owner)
    response = owner_client.get(reverse("detection:evidence-json", args=[detection.id]))
    document = json.loads(response.content)
    assert response["Content-Disposition"].startswith("attachment")
    assert document["result"] == detection.result
    assert document["media"]["sha256"] == detection.media.sha256


def test_delete_asks_once_then_removes_all(owner_client: Client, owner: User) -> None:
    detection = done(owner)
    make_detection(owner, detection.media)
    address = reverse("detection:delete", args=[detection.id])
    assert "all 2 results" in owner_client.get(address).content.decode()
    assert Detection.objects.count() == 2
    assert owner_client.post(address)["Location"] == reverse("home")
    assert not Detection.objects.exists()
    assert not MediaFile.objects.exists()


def test_run_again_is_a_result_of_its_own(owner_client: Client, owner: User) -> None:
    detection = done(owner)
    response = owner_client.post(reverse("detection:run-again", args=[detection.id]))
    again = Detection.objects.exclude(pk=detection.pk).get()
    assert response["Location"] == reverse("detection:result", args=[again.id])
    assert (again.media, again.state) == (detection.media, "queued")


def test_run_again_without_the_file(owner_client: Client, owner: User) -> None:
    detection = done(owner, make_media(owner, purged_at=timezone.now()))
    response = owner_client.post(reverse("detection:run-again", args=[detection.id]), follow=True)
    assert "The file is no longer stored" in response.content.decode()
    assert Detection.objects.count() == 1


def test_cancel(owner_client: Client, owner: User) -> None:
    detection = make_detection(owner)
    response = owner_client.post(reverse("detection:cancel", args=[detection.id]), follow=True)
    assert "Cancelled" in response.content.decode()
    assert Detection.objects.get().state == "cancelled"


def test_nothing_inline_in_any_page(owner_client: Client, owner: User) -> None:
    for detection in (done(owner), make_detection(owner), make_detection(owner, state="failed", error_code="poison")):
        response = owner_client.get(reverse("detection:result", args=[detection.id]))
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert " style=" not in response.content.decode()
        assert "<style" not in response.content.decode()
        assert " onclick" not in response.content.decode()


def test_the_scale_follows_the_calibration() -> None:
    found = regions(Bands(0.05, 0.4, 0.6, 0.95))
    assert [round(region.start) for region in found] == [0, 5, 40, 60, 95]
    assert sum(region.width for region in found) == pytest.approx(100)


def test_a_lane_runs_over_the_whole_duration_and_fake_is_up() -> None:
    drawn = lane([(10.0, 0.0, 1, "b"), (5.0, 1.0, 0, "a")], 20.0, Bands())
    assert [point.x for point in drawn.points] == [25.0, 50.0]
    assert 0 < drawn.points[0].y < drawn.points[1].y < LANE_HEIGHT
    assert len(drawn.segments) == 1


def test_a_lane_does_not_trust_the_duration() -> None:
    assert lane([(5.0, 0.5, 0, "")], 0.0, Bands()).points[0].x == 100.0
    assert lane([], 0.0, Bands()).points == ()
