"""One attempt at one detection, with fakes in the place of the decode child and the inference host."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django_q.models import OrmQ
from PIL import Image
from pytest_django import Settings

from detection import media_store, pipeline, services
from detection.models import Detection
from ml_core.datatypes import Frame, Kind
from ml_core.errors import InferenceError, MediaError
from ml_core.media.frames import DecoderDied
from ml_core.versions import write_json
from tests.factories import make_detection, make_media, make_verdict

pytestmark = pytest.mark.django_db
WIDE = np.zeros((1000, 2000, 3), np.uint8)
Meanwhile = Callable[[], object]


def tools(count: int = 1, decoding: Meanwhile | None = None, predicting: Meanwhile | None = None) -> pipeline.Tools:
    """Fakes that call back in the middle of their work."""

    def decode(path: Path, info_kind: Kind, format: str, *, timeout: float) -> list[Frame]:
        path.read_bytes()
        if decoding:
            decoding()
        return [Frame(index, None if count == 1 else index / 2, WIDE) for index in range(count)]

    def predict(
        frames: list[Frame], kind: Kind, on_stage: Callable[[str], None], version: str | None
    ) -> dict[str, Any]:
        on_stage("loading")
        on_stage("models")
        if predicting:
            predicting()
        return make_verdict(0.9, model_version=version or "none")

    return pipeline.Tools(decode, predict)


def interrupted(moment: str, meanwhile: Meanwhile) -> pipeline.Tools:
    return tools(decoding=meanwhile) if moment == "decoding" else tools(predicting=meanwhile)


def failing(error: Exception) -> Meanwhile:
    def fail() -> None:
        raise error

    return fail


def test_it_works(owner: User) -> None:
    detection = make_detection(owner)
    pipeline.run_detection(detection.pk, tools())
    detection.refresh_from_db()
    assert (detection.state, detection.label, detection.attempts) == ("done", "FAKE", 1)
    assert detection.result is not None
    assert set(detection.result["stages_ms"]) == {"decode", "faces", "models"}
    assert detection.elapsed_ms == pytest.approx(123.4 + detection.result["stages_ms"]["decode"])


def test_second_task_for_the_same_detection_does_nothing(owner: User) -> None:
    detection = make_detection(owner)
    pipeline.run_detection(detection.pk, tools())
    pipeline.run_detection(detection.pk, tools(decoding=failing(AssertionError("decoded again"))))
    detection.refresh_from_db()
    assert (detection.state, detection.attempts) == ("done", 1)


def test_stages_are_shown_as_they_come(owner: User) -> None:
    detection = make_detection(owner)
    seen: list[str] = []

    def look() -> None:
        seen.append(Detection.objects.get(pk=detection.pk).stage)

    pipeline.run_detection(detection.pk, tools(decoding=look, predicting=look))
    assert seen == ["decoding", "models"]


def test_picture_gets_a_preview(owner: User) -> None:
    detection = make_detection(owner)
    pipeline.run_detection(detection.pk, tools())
    with Image.open(media_store.preview_path(detection.media.pk)) as preview:
        assert preview.size == (1600, 800)
        assert not preview.getexif()
    assert sorted(path.name for path in media_store.directory(detection.media.pk).iterdir()) == [
        "original.jpeg",
        "preview.jpg",
    ]


def test_video_gets_its_frames(owner: User) -> None:
    detection = make_detection(owner, make_media(owner, kind="video", format="mp4", duration=1.0))
    pipeline.run_detection(detection.pk, tools(3))
    for number in range(3):
        with Image.open(media_store.frame_path(detection.media.pk, number)) as frame:
            assert frame.size == (640, 320)
    assert not media_store.frame_path(detection.media.pk, 3).exists()


def test_named_error_is_final(owner: User) -> None:
    detection = make_detection(owner)
    pipeline.run_detection(detection.pk, tools(decoding=failing(MediaError("unsupported_codec"))))
    detection.refresh_from_db()
    assert (detection.state, detection.error_code, detection.attempts) == ("failed", "unsupported_codec", 1)
    assert not OrmQ.objects.exists()


def test_file_that_is_gone_is_named(owner: User) -> None:
    detection = make_detection(owner)
    media_store.discard(detection.media.pk)
    pipeline.run_detection(detection.pk, tools())
    detection.refresh_from_db()
    assert (detection.state, detection.error_code) == ("failed", "media_missing")


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (tools(decoding=failing(DecoderDied("killed by signal 9"))), "poison"),
        (tools(predicting=failing(InferenceError("no answer"))), "inference_failed"),
    ],
)
def test_three_failed_attempts(owner: User, broken: pipeline.Tools, code: str) -> None:
    detection = make_detection(owner)
    for attempt in (1, 2):
        pipeline.run_detection(detection.pk, broken)
        detection.refresh_from_db()
        assert (detection.state, detection.attempts) == ("queued", attempt)
        assert OrmQ.objects.count() == attempt
    pipeline.run_detection(detection.pk, broken)
    detection.refresh_from_db()
    assert (detection.state, detection.error_code, detection.attempts) == ("failed", code, 3)


def test_second_attempt_may_succeed(owner: User) -> None:
    detection = make_detection(owner)
    pipeline.run_detection(detection.pk, tools(decoding=failing(DecoderDied("killed by signal 9"))))
    pipeline.run_detection(detection.pk, tools())
    detection.refresh_from_db()
    assert (detection.state, detection.attempts, detection.error_code) == ("done", 2, "")


@pytest.mark.parametrize("moment", ["decoding", "predicting"])
def test_cancelled_meanwhile(owner: User, moment: str) -> None:
    detection = make_detection(owner)
    pipeline.run_detection(detection.pk, interrupted(moment, lambda: services.cancel(detection, owner)))
    detection.refresh_from_db()
    assert (detection.state, detection.result, detection.label) == ("cancelled", None, "")


@pytest.mark.parametrize("moment", ["decoding", "predicting"])
def test_deleted_meanwhile(owner: User, media_root: Path, moment: str) -> None:
    detection = make_detection(owner)
    pipeline.run_detection(detection.pk, interrupted(moment, lambda: services.delete_media(detection.media, owner)))
    assert not Detection.objects.exists()
    assert not [path for path in media_root.rglob("*") if path.is_file()]


def test_verdict_comes_even_where_the_preview_cannot_be_written(owner: User) -> None:
    detection = make_detection(owner)
    media_store.preview_path(detection.media.pk).mkdir()
    pipeline.run_detection(detection.pk, tools())
    detection.refresh_from_db()
    assert detection.state == "done"


def test_a_verdict_comes_from_the_version_under_which_it_was_claimed(
    owner: User, tmp_path: Path, settings: Settings
) -> None:
    settings.DEEPFAKE_MODELS = tmp_path
    point_at(tmp_path, "old")
    detection = make_detection(owner)
    pipeline.run_detection(detection.pk, tools(decoding=lambda: point_at(tmp_path, "new")))
    detection.refresh_from_db()
    assert (detection.state, detection.model_version) == ("done", "old")


def point_at(models: Path, version: str) -> None:
    write_json(models / "manifest.json", {"schema_version": 1, "champion": version})
