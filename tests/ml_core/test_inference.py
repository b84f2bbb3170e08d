"""The verdict: who decides, what is reported, and that nothing changes when nothing has changed."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from ml_core import inference
from ml_core.aggregation import LSTM_MIN_FRAMES
from ml_core.datatypes import FaceDetection, Frame, Picture, Verdict
from ml_core.errors import InferenceError, WeightsError
from ml_core.inference import Predictor
from ml_core.scoring import Stopwatch

TIMES = ("elapsed_ms", "stages_ms")


def without_times(verdict: Verdict) -> dict[str, object]:
    return {name: value for name, value in asdict(verdict).items() if name not in TIMES}


def test_a_portrait_gets_a_verdict(predictor: Predictor, portrait: Picture) -> None:
    verdict = predictor.predict([Frame(0, None, portrait)], "image")
    assert verdict.label in {"FAKE", "REAL", "INCONCLUSIVE"}
    assert verdict.reason is None
    assert verdict.p_fake + verdict.p_real == pytest.approx(1)
    assert verdict.confidence == max(verdict.p_fake, verdict.p_real)
    assert verdict.members["lstm"] is None
    assert sum(score.weight for score in verdict.members.values() if score) == pytest.approx(1, abs=1e-6)
    assert verdict.frames == ()
    assert (verdict.model_version, verdict.device) == ("tiny", "cpu")
    assert {"faces", "crops", "cnn", "resnext", "vit", "gate"} <= set(verdict.stages_ms)


def test_the_only_face_of_a_still_has_the_verdicts_number(predictor: Predictor, portrait: Picture) -> None:
    verdict = predictor.predict([Frame(0, None, portrait)], "image")
    assert [(face.p_fake, face.decides) for face in verdict.faces] == [(verdict.p_fake, True)]


def test_boxes_are_in_pixels_of_the_original(predictor: Predictor, portrait: Picture) -> None:
    plain = predictor.predict([Frame(0, None, portrait)], "image").faces[0]
    scaled = predictor.predict([Frame(0, None, portrait, scale=2.5)], "image").faces[0]
    assert scaled.box == pytest.approx([side * 2.5 for side in plain.box])
    assert 100 < plain.box[0] < plain.box[2] < 350


def test_the_same_frames_twice_are_the_same_numbers(predictor: Predictor, clip: list[Frame]) -> None:
    assert without_times(predictor.predict(clip, "video")) == without_times(predictor.predict(clip, "video"))


def test_a_clip_asks_all_four_members(predictor: Predictor, clip: list[Frame]) -> None:
    verdict = predictor.predict(clip, "video")
    assert all(verdict.members.values())
    assert [frame.time for frame in verdict.frames] == [frame.time for frame in clip]
    assert {face.track for face in verdict.faces if face.decides} == {verdict.faces[0].track}
    assert verdict.frames[3].p_fake == next(face.p_fake for face in verdict.faces if face.frame == 3)


def test_too_few_frames_leave_the_lstm_out(predictor: Predictor, clip: list[Frame]) -> None:
    assert predictor.predict(clip[: LSTM_MIN_FRAMES - 1], "video").members["lstm"] is None
    assert predictor.predict(clip[:LSTM_MIN_FRAMES], "video").members["lstm"] is not None


def test_the_order_of_frames_does_not_change_the_image_members(predictor: Predictor, portrait: Picture) -> None:
    still = [Frame(i, i / 4, np.ascontiguousarray(np.roll(portrait, i, axis=0))) for i in range(6)]
    backwards = [replace(frame, index=5 - frame.index) for frame in reversed(still)]
    forth, back = predictor.predict(still, "video"), predictor.predict(backwards, "video")
    for name in ("cnn", "resnext", "vit"):
        one, other = forth.members[name], back.members[name]
        assert one is not None
        assert other is not None
        assert one.p_fake == pytest.approx(other.p_fake, abs=1e-6)


def test_no_face_is_an_answer_not_an_error(predictor: Predictor, landscape: Picture) -> None:
    verdict = predictor.predict([Frame(0, None, landscape)], "image")
    assert (verdict.label, verdict.reason, verdict.band) == ("NOT_APPLICABLE", "no_face", "not_applicable")
    assert verdict.faces == ()
    assert 0 <= verdict.p_fake <= 1
    assert verdict.members["vit"] is not None


def test_a_video_without_a_face_has_frames_without_scores(predictor: Predictor, landscape: Picture) -> None:
    verdict = predictor.predict([Frame(i, float(i), landscape) for i in range(5)], "video")
    assert verdict.label == "NOT_APPLICABLE"
    assert [(frame.time, frame.p_fake) for frame in verdict.frames] == [(float(i), None) for i in range(5)]


def test_a_small_face_is_reported_and_does_not_decide(predictor: Predictor, portrait: Picture) -> None:
    scene = np.zeros((512, 900, 3), np.uint8)
    scene[:, :512] = portrait
    scene[100:270, 620:790] = portrait[::3, ::3][:170, :170]
    faces = predictor.predict([Frame(0, None, scene)], "image").faces
    assert len(faces) == 2
    assert [face.decides for face in sorted(faces, key=lambda face: face.box[0])] == [True, False]


def test_the_most_suspicious_of_two_decides(predictor: Predictor, portrait: Picture) -> None:
    scene = np.concatenate([portrait, portrait[:, ::-1]], axis=1)
    verdict = predictor.predict([Frame(0, None, scene)], "image")
    assert len(verdict.faces) == 2
    assert verdict.p_fake == pytest.approx(max(face.p_fake for face in verdict.faces), abs=1e-6)


def test_a_still_is_looked_at_twice_and_a_clip_once(predictor: Predictor, portrait: Picture) -> None:
    frames = [Frame(0, None, portrait)]
    still, clip = predictor.prepare(frames, "image"), predictor.prepare(frames, "video")
    assert np.array_equal(still.crops[:1], clip.crops)
    look = predictor._scorer.look(still.crops, Stopwatch())
    mean = predictor._scorer.fuse(look.logits.mean(axis=0)[None]).p_fake[0]
    assert predictor.predict(frames, "image").p_fake == pytest.approx(mean, abs=1e-5)
    assert predictor.predict_many([clip, still])[1].p_fake == pytest.approx(mean, abs=1e-3)


def test_stages_are_told_in_order(predictor: Predictor, portrait: Picture) -> None:
    told: list[str] = []
    predictor.predict([Frame(0, None, portrait)], "image", told.append)
    assert told == ["faces", "models"]


def test_no_frames_is_a_named_error(predictor: Predictor) -> None:
    with pytest.raises(InferenceError, match="no frames"):
        predictor.predict([], "video")


def test_an_unknown_version_is_a_named_error(tiny_root: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        Predictor(tiny_root, "missing", "cpu")
    assert caught.value.code == "no_manifest"


def test_of_a_crowd_the_widest_people_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "MAX_FACES", 4)
    widths = {0: 10.0, 1: 40.0, 2: 20.0}
    faces = [
        FaceDetection(frame=frame, box=(0, 0, width, width), score=1.0, track=number)
        for frame in range(2)
        for number, width in widths.items()
    ]
    assert {face.track for face in inference._scored_faces(faces)} == {1, 2}
    assert inference._scored_faces(faces[:4]) == faces[:4]
