"""From a manifest to scores.csv: what the product would say, every line of it, once."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.management import call_command

from ml_core import cli
from ml_core.datatypes import Frame, Picture
from ml_core.evaluation import listing
from ml_core.evaluation.judge import judge
from ml_core.evaluation.report import Wanted, evaluate
from ml_core.evaluation.scores import COLUMNS, read_details, read_scores
from ml_core.inference import Case, Predictor
from ml_core.media.frames import decode


@pytest.fixture
def manifest(tmp_path: Path, portrait: Picture, landscape: Picture, clip: list[Frame]) -> Path:
    """Two portraits, a clip, a picture without a face, and three files that are none."""
    for number in range(2):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.roll(portrait, 8 * number, axis=1)[..., ::-1])
    writer = cv2.VideoWriter(str(tmp_path / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 4, (512, 512))
    for frame in clip[:4]:
        writer.write(np.ascontiguousarray(frame.image[..., ::-1]))
    writer.release()
    cv2.imwrite(str(tmp_path / "field.png"), landscape)
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (tmp_path / "notes.txt").write_text("not a picture")
    lines = [
        ("path", "label", "family", "split"),
        ("0.png", "real", "", "heldout"),
        ("1.png", "fake", "glow", "heldout"),
    ]
    lines += [(str(tmp_path.absolute() / "clip.mp4"), "fake", "", "clips"), ("field.png", "real", "", "heldout")]
    lines += [("torn.png", "real", "", ""), ("notes.txt", "fake", "", ""), ("gone.png", "real", "", "")]
    path = tmp_path / "other.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    return path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many media the members were asked about, call by call."""
    calls: list[int] = []
    original = Predictor.predict_many

    def counted(self: Predictor, cases: list[Case]) -> object:
        calls.append(len(cases))
        return original(self, cases)

    monkeypatch.setattr(Predictor, "predict_many", counted)
    return calls


def test_every_line_becomes_a_row_with_the_products_answer(
    manifest: Path, tiny_root: Path, predictor: Predictor
) -> None:
    out = manifest.parent / "out"
    wanted = Wanted(listing.read([manifest]), tiers=["half"], tier_splits=["heldout"])
    report = evaluate(predictor, tiny_root, wanted, out, rounds=20)

    rows = read_scores(out / "scores.csv")
    assert tuple(rows[0]) == COLUMNS
    assert [row["status"] for row in rows] == ["ok"] * 3 + ["not_applicable"] + ["error"] * 3
    errors = [row["error"] for row in read_details(out / "details.csv")]
    assert errors[4:] == ["undecodable", "unsupported_type", "unreadable"]
    assert {(row["source"], row["split"]) for row in rows} == {("other", "heldout"), ("other", "clips"), ("other", "")}
    assert rows[6]["p_fake"] == rows[6]["label_given"] == rows[6]["vit"] == ""
    verdicts = [
        predictor.predict(decode(manifest.parent / "1.png", "image", "png"), "image"),
        predictor.predict(decode(manifest.parent / "clip.mp4", "video", "mp4"), "video"),
    ]
    for row, verdict in zip(rows[1:3], verdicts, strict=True):
        assert float(row["p_fake"]) == pytest.approx(verdict.p_fake, abs=2e-3)  # other batches, other roundings
        assert row["label_given"] == verdict.label
        for name, member in verdict.members.items():
            assert (row[name] == "") == (row[f"w_{name}"] == "") == (member is None)

    assert report["splits"]["heldout"]["sources"]["other"]["items"] == 2
    assert report["splits"][""]["status"] == {"error": 3}
    assert report["tiers"]["half"]["other"][1]["items"] == 2
    assert json.loads((out / "metrics.json").read_text()) == report
    page = (out / "report.html").read_text()
    assert page.count("data:image/png;base64,") == len(list(out.glob("*.png"))) == 8  # of two splits
    assert "http" not in page


def test_it_goes_on_where_it_was_cut_off_and_a_file_that_changed_is_judged_again(
    manifest: Path, predictor: Predictor, asked: list[int]
) -> None:
    entries, log = listing.read([manifest]), manifest.parent / "answers.jsonl"
    whole = judge(predictor, entries, "as_is", log)
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:3]) + lines[3][:40])  # killed while it wrote
    asked.clear()
    again = judge(predictor, entries, "as_is", log)
    assert [row | {"seconds": 0} for row in again] == [row | {"seconds": 0} for row in whole]
    assert sum(asked) == 2  # the clip and the field

    asked.clear()
    (manifest.parent / "gone.png").write_bytes((manifest.parent / "0.png").read_bytes())
    assert judge(predictor, entries, "as_is", log)[6]["status"] == "ok"
    assert asked == [1]


def test_manage_py_takes_version_too(manifest: Path, tiny_root: Path) -> None:
    out = manifest.parent / "out"
    options = ["--version", "tiny", "--models", str(tiny_root), "--out", str(out), "--scores-only"]
    with pytest.raises(SystemExit) as left:
        call_command("evaluate", str(manifest), "--split", "heldout", "", *options)
    assert left.value.code == 1  # some could not be read
    assert len(read_scores(out / "scores.csv")) == 6


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--tiers", "sepia"], "no such tier: sepia"),
        (["--split", "nowhere"], "nothing to evaluate"),
        (["--version", "unknown"], "unknown"),
    ],
)
def test_wrong_usage_is_said(
    more: list[str], sentence: str, manifest: Path, tiny_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["evaluate", str(manifest), "--models", str(tiny_root), "--out", str(manifest.parent), *more]) == 2
    assert sentence in capsys.readouterr().err
