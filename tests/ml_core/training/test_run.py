"""A whole training on the toy data: members, gate, version folder; the same again when it was cut off."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ml_core import cli
from ml_core.checkpoints import load_version
from ml_core.datatypes import MEMBERS
from ml_core.training.crops import CropCache
from ml_core.training.evaluate import evaluate, read_scores
from ml_core.training.manifest import read_manifests
from ml_core.training.run import Plan, quick, train
from tests.ml_core.training.toy import make_manifest
from tests.tiny import TINY

STEPS = {"cnn": 12, "resnext": 2, "vit": 2, "lstm": 2}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    data = tmp_path / "data"
    data.mkdir()
    items = read_manifests([make_manifest(data)])
    return Plan("toy", items, tmp_path / "run", tmp_path / "crops", tmp_path / "models", STEPS, arguments=TINY)


def test_it_writes_a_version_that_loads_and_scores(plan: Plan, tmp_path: Path) -> None:
    manifest = train(plan)
    version = load_version(plan.root)
    assert version.version == "toy"
    assert set(manifest["members"]) == set(MEMBERS)
    card = json.loads((plan.root / "toy" / "card.json").read_text())
    assert set(card["figures"]["val_auc"]) == {"even", "odd"}

    rows = evaluate(version, plan.of("test"), CropCache(plan.crops), tmp_path / "out")
    assert len(rows) == len(plan.of("test"))
    assert all(row["status"] == "ok" and 0 <= float(row["p_fake"]) <= 1 and row["lstm"] == "" for row in rows)
    assert read_scores(tmp_path / "out" / "scores.csv") == rows


def test_an_evaluation_goes_on_where_it_was_cut_off(plan: Plan, tmp_path: Path) -> None:
    train(plan)
    version, cache = load_version(plan.root), CropCache(plan.crops)
    whole = evaluate(version, plan.of("test"), cache, tmp_path / "whole")
    evaluate(version, plan.of("test")[:3], cache, tmp_path / "out")
    log = next((tmp_path / "out").glob("answers-*.jsonl"))
    before = log.read_text()
    assert evaluate(version, plan.of("test"), cache, tmp_path / "out") == whole
    assert log.read_text().startswith(before)  # nothing was asked twice


def test_the_version_is_not_overwritten(plan: Plan) -> None:
    train(plan)
    with pytest.raises(FileExistsError):
        train(plan)


def test_quick_is_five_epochs_over_little_data(plan: Plan) -> None:
    small = quick(replace(plan, steps={}))
    assert small.steps["cnn"] == max(1, 5 * len(plan.of("train")) // 32)


def test_the_command_trains_and_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = ["train", str(tmp_path / "none.csv"), "--run", str(tmp_path)]
    assert cli.main(missing) == 2
    assert "none.csv" in capsys.readouterr().err
    (tmp_path / "real").mkdir()
    assert cli.main(["quick_train", str(tmp_path)]) == 2
    assert "real/ and fake/" in capsys.readouterr().err
