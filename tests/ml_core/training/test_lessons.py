"""What a run from feedback sees in an upload is what the product saw in it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from ml_core.checkpoints import load_version
from ml_core.datatypes import Picture
from ml_core.inference import Predictor
from ml_core.media.frames import decode
from ml_core.scoring import reference_engine
from ml_core.training.lessons import FeatureStore, Lesson
from ml_core.training.policy import Policy


@pytest.mark.parametrize("people", [1, 2])
def test_a_still_is_judged_as_by_the_product(tiny_root: Path, tmp_path: Path, portrait: Picture, people: int) -> None:
    """Of two people the more suspicious one counts, at both looks."""
    scene = np.concatenate([portrait, portrait[:, ::-1] // 2], axis=1) if people == 2 else portrait
    path = tmp_path / "upload"
    path.write_bytes(cv2.imencode(".png", scene[..., ::-1])[1].tobytes())
    policy = Policy(load_version(tiny_root, "tiny"))
    store = FeatureStore(tmp_path / "features", policy, tmp_path / "crops")
    lesson = Lesson("1", path, f"{people:064x}", fake=True, kind="image", format="png")
    features = store.get(lesson).features
    assert features is not None
    assert len(features) == len(store.crops(lesson)) == 2
    with torch.inference_mode():
        p_fake = torch.sigmoid(policy([features])).item()
    predictor = Predictor(tiny_root, "tiny", "cpu", reference_engine)
    assert p_fake == pytest.approx(predictor.predict(decode(path, "image", "png"), "image").p_fake, abs=1e-5)
