"""Two evaluations beside each other: only the same items, drawn together."""

import json
from pathlib import Path

import pytest

from ml_core import cli
from ml_core.evaluation.compare import compare
from tests.ml_core.evaluation.rows import make_row, make_rows, write


def test_a_version_against_itself_differs_by_nothing() -> None:
    found = compare(make_rows(), make_rows(), 100)
    assert found["all"]["auc"]["interval"] == [0, 0]
    assert found["changed"] == {"to_right": 0, "to_wrong": 0, "label": 0}


def test_a_small_but_steady_gain_is_seen_where_separate_intervals_overlap() -> None:
    before = make_rows(400, skill=1.0)
    shift = {"real": -0.03, "fake": 0.03}
    after = [{**r, "p_fake": str(min(1.0, max(0.0, float(r["p_fake"]) + shift[r["label"]])))} for r in before]
    gain = compare(before, after, 200)["all"]["auc"]
    assert gain["interval"][0] > 0
    assert gain["difference"] == pytest.approx(gain["b"] - gain["a"])
    assert gain["interval"][1] - gain["interval"][0] < 0.05


def test_only_items_that_both_judged_count_and_the_others_are_said() -> None:
    a, b = make_rows(40), make_rows(44)
    b[0] = make_row(**{**b[0], "status": "error", "p_fake": ""})
    found = compare(a, b, 50)
    assert (found["items"], found["only_a"], found["only_b"]) == (39, 1, 4)
    assert set(found["families"]) == {"s/swap", "s/gan"}


def test_the_command_prints_a_table_and_writes_every_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = write(tmp_path / "old", make_rows(60))
    write(tmp_path / "evaluations" / "2026.11.22", make_rows(60, skill=3, seed=1))
    options = ["--out", str(tmp_path / "c.json"), "--evaluations", str(tmp_path / "evaluations"), "--rounds", "50"]
    assert cli.main(["compare", str(old), "2026.11.22", *options]) == 0
    assert "| s/gan |" in capsys.readouterr().out
    found = json.loads((tmp_path / "c.json").read_text())
    assert found["sources"]["s"]["auc"]["difference"] > 0
    assert found["all"]["ece"]["interval"]


def test_a_version_that_was_not_evaluated_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = write(tmp_path / "old", make_rows(10))
    assert cli.main(["compare", str(old), "newest", "--evaluations", str(tmp_path)]) == 2
    assert "evaluate MANIFEST --version newest" in capsys.readouterr().err
