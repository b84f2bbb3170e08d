"""A whole training on the toy data: members, gate, version folder; the same again when it was cut off."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml_core import cli
from ml_core.checkpoints import load_version
from ml_core.datatypes import MEMBERS
from ml_core.training import metrics
from ml_core.training.card import write_card
from ml_core.training.crops import CropCache
from ml_core.training.evaluate import evaluate, read_scores
from ml_core.training.manifest import read_manifests
from ml_core.training.run import Plan, quick, train
from tests.ml_core.training.toy import make_manifest
from tests.tiny import TINY

STEPS = {"cnn": 12, "resnext": 2, "vit": 2, "lstm": 2}


def make_plan(folder: Path) -> Plan:
    data = folder / "data"
    data.mkdir()
    items = read_manifests([make_manifest(data)])
    return Plan("toy", items, folder / "run", folder / "crops", folder / "models", STEPS, arguments=TINY)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_plan(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """One training for all tests that only look at its version."""
    plan = make_plan(tmp_path_factory.mktemp("trained"))
    train(plan)
    return plan


def test_it_writes_a_version_that_loads_and_scores(trained: Plan, tmp_path: Path) -> None:
    plan = trained
    version = load_version(plan.root)
    assert version.version == "toy"
    assert set(version.manifest["members"]) == set(MEMBERS)
    assert set(version.manifest["metrics"]["val_auc"]) == {"even", "odd"}

    rows = evaluate(version, plan.of("test"), CropCache(plan.crops), tmp_path / "out")
    assert len(rows) == len(plan.of("test"))
    assert all(row["status"] == "ok" and 0 <= float(row["p_fake"]) <= 1 and row["lstm"] == "" for row in rows)
    assert read_scores(tmp_path / "out" / "scores.csv") == rows


def test_an_evaluation_goes_on_where_it_was_cut_off(trained: Plan, tmp_path: Path) -> None:
    plan = trained
    version, cache = load_version(plan.root), CropCache(plan.crops)
    whole = evaluate(version, plan.of("test"), cache, tmp_path / "whole")
    evaluate(version, plan.of("test")[:3], cache, tmp_path / "out")
    log = next((tmp_path / "out").glob("answers-*.jsonl"))
    before = log.read_text()
    assert evaluate(version, plan.of("test"), cache, tmp_path / "out") == whole
    assert log.read_text().startswith(before)  # nothing was asked twice


def test_the_card_says_what_the_score_files_say(trained: Plan, tmp_path: Path) -> None:
    plan = trained
    version, cache = load_version(plan.root), CropCache(plan.crops)
    evaluate(version, [*plan.of("val"), *plan.of("test")], cache, tmp_path / "as_is")
    evaluate(version, plan.of("test")[:4], cache, tmp_path / "half", tier="half")
    write_card([tmp_path / "as_is", tmp_path / "half"], plan.root, tmp_path / "card.md")

    text = (tmp_path / "card.md").read_text()
    rows = [row for row in read_scores(tmp_path / "as_is" / "scores.csv") if row["split"] == "test"]
    truth = np.array([row["label"] == "fake" for row in rows if row["source"] == "even"])
    p = np.array([float(row["p_fake"]) for row in rows if row["source"] == "even"])
    assert f"| even | {len(p)} | {metrics.auc(truth, p):.3f} |" in text
    assert "| half | even | 2 |" in text
    assert json.loads((plan.root / "toy" / "card.json").read_text())["figures"]["test"]["sources"]["even"]["items"] == 4


def test_a_finished_run_trains_nothing_again_and_its_version_is_not_overwritten(trained: Plan) -> None:
    before = load_version(trained.root).fingerprint("vit")
    with pytest.raises(FileExistsError):
        train(trained)
    train(replace(trained, version="again"))
    assert load_version(trained.root, "again").fingerprint("vit") == before
    assert json.loads((trained.root / "again" / "card.json").read_text())["version"] == "again"


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_both_classes_is_said_before_anything_is_trained(plan: Plan, split: str) -> None:
    lopsided = replace(plan, items=[item for item in plan.items if item.split != split or item.fake])
    with pytest.raises(ValueError, match=split):
        train(lopsided)
    assert not plan.folder.exists()


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
