"""`predict` and `manage.py detect`: what a stranger's program reads, and the exit status."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from PIL import Image

from ml_core import cli, cli_predict
from ml_core.cli_predict import DONE, REFUSED, USAGE
from ml_core.config import PROJECT_ROOT
from ml_core.datatypes import MEMBERS, Picture
from ml_core.inference import Predictor

KEYS = {
    "path", "kind", "status", "label", "reason", "band", "p_fake", "p_real", "confidence", "members", "faces", "frames",
    "model_version", "device", "elapsed_ms", "stages_ms", "thresholds", "error",
}  # fmt: skip
WITHOUT_DJANGO = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"django", "django_q", "detection", "deepfake_site"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refuse())
from ml_core.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def portrait_file(tmp_path: Path, portrait: Picture) -> Path:
    path = tmp_path / "portrait.png"
    Image.fromarray(portrait).save(path)
    return path


@pytest.fixture(autouse=True)
def loaded_once(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_predict, "_load", lambda options: predictor)


def predict_json(capsys: pytest.CaptureFixture[str], *paths: Path) -> tuple[int, list[dict[str, Any]]]:
    status = cli.main(["predict", "--json", *map(str, paths)])
    return status, json.loads(capsys.readouterr().out)


def test_it_works(capsys: pytest.CaptureFixture[str], portrait_file: Path) -> None:
    status, [result] = predict_json(capsys, portrait_file)
    assert status == DONE
    assert set(result) == KEYS
    assert (result["path"], result["kind"], result["status"]) == (str(portrait_file), "image", "done")
    assert result["label"] in {"FAKE", "REAL", "INCONCLUSIVE"}
    assert set(result["members"]) == set(MEMBERS)
    assert set(result["members"]["vit"]) == {"p_fake", "weight"}
    assert result["members"]["lstm"] is None
    assert {"box", "score", "p_fake", "time"} <= set(result["faces"][0])
    assert result["error"] is None


def test_a_clip_has_frames_over_time_and_an_lstm(capsys: pytest.CaptureFixture[str], clip_file: Path) -> None:
    status, [result] = predict_json(capsys, clip_file)
    assert (status, result["kind"]) == (DONE, "video")
    assert len(result["frames"]) >= 4
    assert all({"time", "p_fake"} == set(frame) for frame in result["frames"])
    assert result["members"]["lstm"]["weight"] > 0


def test_one_refused_file_does_not_stop_the_others(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, portrait_file: Path
) -> None:
    text, empty = tmp_path / "text.jpg", tmp_path / "empty.png"
    text.write_text("not a picture", encoding="utf-8")
    empty.touch()
    status, results = predict_json(capsys, text, tmp_path / "missing.mp4", empty, portrait_file)
    assert status == REFUSED
    assert all(set(result) == KEYS for result in results)
    codes = [result["error"]["code"] if result["error"] else None for result in results]
    assert codes == ["unsupported_type", "unreadable", "empty", None]
    assert [result["status"] for result in results] == ["error", "error", "error", "done"]


def test_a_folder_is_searched_at_any_depth_for_media_only(tmp_path: Path) -> None:
    names = ["b/deep/two.JPG", "a.mp4", "notes.txt", "b/one.webp"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in cli_predict.find_files([tmp_path, tmp_path / "a.mp4"])]
    assert found == ["a.mp4", "b/deep/two.JPG", "b/one.webp"]


def test_the_table_has_a_row_for_each_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, portrait_file: Path
) -> None:
    assert cli.main(["predict", str(portrait_file), str(tmp_path / "no\x1b[31m.png")]) == REFUSED
    heading, done, refused = capsys.readouterr().out.splitlines()
    assert heading.split() == ["VERDICT", "P(FAKE)", "FACES", "SECONDS", "FILE"]
    assert done.endswith(str(portrait_file))
    assert refused.startswith("refused")
    assert "unreadable" in refused
    assert "\x1b" not in refused


@pytest.mark.parametrize("arguments", [[], ["predict"], ["predict", "a.png", "--device", "tpu"], ["nonsense"]])
def test_wrong_usage_leaves_with_2(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == USAGE


def test_a_folder_without_media_is_wrong_usage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["predict", str(tmp_path)]) == USAGE
    assert "no pictures or videos" in capsys.readouterr().err


def test_a_version_that_is_not_there_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], tiny_root: Path, portrait_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    arguments = ["predict", "--models", str(tiny_root), "--version-name", "missing", str(portrait_file)]
    assert cli.main(arguments) == USAGE
    assert "no_manifest" in capsys.readouterr().err


def test_predict_runs_where_django_is_not_installed(tiny_root: Path, portrait_file: Path) -> None:
    arguments = ["predict", "--json", "--device", "cpu", "--models", str(tiny_root), str(portrait_file)]
    command = [sys.executable, "-c", WITHOUT_DJANGO, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT_ROOT, check=False)
    assert ran.returncode == DONE, ran.stderr
    assert json.loads(ran.stdout)[0]["model_version"] == "tiny"
    assert ran.stderr == ""


def test_detect_is_the_same_command(capsys: pytest.CaptureFixture[str], portrait_file: Path) -> None:
    _, [expected] = predict_json(capsys, portrait_file)
    out = StringIO()
    call_command("detect", str(portrait_file), json=True, stdout=out)
    [given] = json.loads(out.getvalue())
    assert {**given, "elapsed_ms": 0, "stages_ms": 0} == {**expected, "elapsed_ms": 0, "stages_ms": 0}


def test_detect_leaves_with_1_when_a_file_was_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as left:
        call_command("detect", str(tmp_path / "missing.png"), stdout=StringIO())
    assert left.value.code == REFUSED
