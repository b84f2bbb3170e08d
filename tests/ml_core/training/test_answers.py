"""What the gate is fitted on: the product's answers, together or one by one, each asked once, none dropped."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ml_core.checkpoints import LoadedVersion, load_version
from ml_core.datatypes import Kind, Picture
from ml_core.inference import Predictor
from ml_core.media.frames import decode
from ml_core.models.member import Member
from ml_core.scoring import reference_engine
from ml_core.training import answers, gating
from ml_core.training.crops import CropCache, Crops
from ml_core.training.manifest import Item


@pytest.fixture
def items(tmp_path: Path, portrait: Picture, clip_file: Path, monkeypatch: pytest.MonkeyPatch) -> list[Item]:
    """Two stills of one person, a clip of her, and a file that is no picture; float32, as the reference."""
    monkeypatch.setattr(answers, "autocast", lambda device: nullcontext())
    for name, picture in (("one.png", portrait), ("two.png", portrait // 2)):
        cv2.imwrite(str(tmp_path / name), np.ascontiguousarray(picture[..., ::-1]))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    names = ["one.png", "broken.png", clip_file.name, "two.png"]
    return [Item(tmp_path / name, False, "s", "", name, "val", name) for name in names]


@pytest.fixture
def champion(tiny_root: Path) -> LoadedVersion:
    return load_version(tiny_root, "tiny")


def ask(champion: LoadedVersion, items: Sequence[Item], folder: Path) -> answers.Answers:
    return answers.ask(champion.members, items, CropCache(folder / "crops"), folder)


def test_the_answers_are_those_of_the_product(
    champion: LoadedVersion, items: list[Item], tiny_root: Path, tmp_path: Path
) -> None:
    found = ask(champion, items, tmp_path / "run")
    assert found.errors == {1: "unsupported_type"}
    assert found.present.tolist() == [[True, True, True, False], [False] * 4, [True] * 4, [True, True, True, False]]
    usable = found.where(range(len(items)))
    p_fakes = champion.calibration.p_fake(gating.fuse(champion.gate, usable)[0])
    predictor = Predictor(tiny_root, "tiny", "cpu", reference_engine)
    for item, p_fake in zip(usable.items, p_fakes, strict=True):
        kind: Kind = "video" if item.is_clip else "image"
        verdict = predictor.predict(decode(item.path, kind, item.path.suffix[1:]), kind)
        assert p_fake == pytest.approx(verdict.p_fake, abs=1e-4)


def test_what_is_known_is_not_asked_again(
    champion: LoadedVersion, items: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ask(champion, items, tmp_path / "run")
    (log,) = (tmp_path / "run").glob("answers-*.jsonl")
    log.write_text(log.read_text()[:-20])  # cut off in the middle of the last line
    asked: list[int] = []
    judge = answers.judge

    def counted(members: Mapping[str, Member], media: Sequence[Crops]) -> list[dict[str, NDArray[np.float32]]]:
        asked.append(len(media))
        return judge(members, media)

    monkeypatch.setattr(answers, "judge", counted)
    again = ask(champion, items, tmp_path / "run")
    assert asked == [1]
    assert np.allclose(whole.logits, again.logits, atol=1e-5)
    assert whole.errors == again.errors
