"""Each tier changes a picture as it says, and keeps what is in it."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ml_core.datatypes import Picture
from ml_core.evaluation import tiers
from ml_core.evaluation.media import frames_of
from ml_core.faces import FaceDetector

SIDES = {"half": 256, "jpeg60_half": 256, "screenshot": 508}


@pytest.mark.parametrize("tier", tiers.TIERS)
def test_the_face_is_still_found_where_it_was(tier: str, portrait: Picture, tmp_path: Path) -> None:
    path = tmp_path / "portrait.png"
    cv2.imwrite(str(path), np.ascontiguousarray(portrait[..., ::-1]))
    kind, (frame,) = frames_of(path, tier)
    assert kind == "image"
    assert frame.image.shape[0] == pytest.approx(SIDES.get(tier, 512), abs=3)
    assert (tier == "as_is") == np.array_equal(frame.image, portrait)
    face = FaceDetector().detect([replace(frame, index=0)])[0]
    width = (face.box[2] - face.box[0]) * frame.scale
    assert width == pytest.approx(89, abs=6)  # in pixels of the original


def test_colours_stay_what_they_are(portrait: Picture) -> None:
    for tier in ("jpeg60", "h264"):
        changed = tiers.change(portrait, tier)
        assert np.abs(changed.astype(int) - portrait).mean() < 6, tier


def test_a_clip_is_encoded_again_as_a_whole(clip_file: Path) -> None:
    kind, before = frames_of(clip_file, "as_is")
    _, after = frames_of(clip_file, "h264")
    assert kind == "video"
    assert len(before) == len(after)
    change = np.abs(before[0].image.astype(int) - after[0].image).mean()
    assert 0 < change < 8


def test_a_still_with_odd_sides_and_a_small_one_are_judged_too(portrait: Picture, tmp_path: Path) -> None:
    assert tiers.change(portrait[:301, :201], "h264").shape == (300, 200, 3)
    path = tmp_path / "small.png"
    cv2.imwrite(str(path), np.ascontiguousarray(portrait[:100, :90, ::-1]))
    assert frames_of(path, "as_is")[1][0].image.shape == (100, 90, 3)
