"""A whole training on the toy data: members, gate, version folder; the same again when it was cut off."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ml_core import cli
from ml_core.checkpoints import load_version
from ml_core.datatypes import MEMBERS
from ml_core.models.vit import ViT
from ml_core.training import engine
from ml_core.training.crops import CropCache
from ml_core.training.manifest import read_manifests
from ml_core.training.members import RECIPES, Recipe, start, train_image_member
from ml_core.training.run import Plan, quick, release, starts, train, train_members
from tests.ml_core.training.toy import SPLITS, make_manifest
from tests.tiny import TINY

STEPS = {"cnn": 2, "resnext": 2, "vit": 2, "lstm": 2}
FEW = ("train",) * 2 + ("val",) * 4  # every pair more is 64 frames more that the ResNeXt reads for the LSTM


def make_plan(folder: Path, splits: tuple[str, ...] = SPLITS) -> Plan:
    data = folder / "data"
    data.mkdir()
    items = read_manifests([make_manifest(data, splits)])
    return Plan("toy", items, folder / "run", folder / "crops", folder / "models", STEPS, arguments=TINY)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_plan(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """One training for all tests that only look at its version."""
    plan = make_plan(tmp_path_factory.mktemp("trained"), FEW)
    train(plan)
    return plan


def test_it_writes_a_version_that_loads(trained: Plan) -> None:
    plan = trained
    version = load_version(plan.root)
    assert version.version == "toy"
    assert set(version.manifest["members"]) == set(MEMBERS)
    assert set(version.manifest["metrics"]["val_auc"]) == {"even", "odd"}


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


def test_a_child_goes_on_from_the_weights_of_its_parent(trained: Plan, tmp_path: Path) -> None:
    begun = starts(replace(trained, parent="toy"))
    parent = load_version(trained.root, "toy").members["vit"]
    member = start("vit", Recipe(RECIPES["vit"].settings, arguments=TINY["vit"]), begun["vit"])
    assert all(torch.equal(a, b) for a, b in zip(member.parameters(), parent.parameters(), strict=True))
    own = replace(trained, parent="toy", init={"vit": tmp_path / "clip.safetensors"})
    assert starts(own)["vit"].weights == tmp_path / "clip.safetensors"
    assert starts(own)["cnn"].state is not None


def test_a_child_tells_of_all_the_steps_of_its_members(trained: Plan, tmp_path: Path) -> None:
    grown = replace(trained, parent="toy", version="grown", folder=tmp_path, steps={**STEPS, "cnn": 0}, promote=False)
    manifest = release(grown, load_version(trained.root, "toy").members)
    assert manifest["data"]["steps"] == {"cnn": 2, "resnext": 4, "vit": 4, "lstm": 4}


def test_a_member_without_steps_stays_as_it_began_and_costs_nothing(trained: Plan, tmp_path: Path) -> None:
    still = replace(trained, parent="toy", folder=tmp_path / "run", steps=dict.fromkeys(MEMBERS, 0))
    before = load_version(trained.root, "toy").members
    for name, member in train_members(still).items():
        assert all(torch.equal(a, b) for a, b in zip(member.parameters(), before[name].parameters(), strict=True))
    assert not still.folder.exists()


def test_a_vit_sees_whole_pictures_once_its_rate_falls(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens: list[int] = []
    fewer = ViT._fewer

    def counted(vit: ViT, rows: Tensor) -> Tensor:
        kept = fewer(vit, rows)
        tokens.append(kept.shape[1])
        return kept

    monkeypatch.setattr(ViT, "_fewer", counted)
    recipe = Recipe(engine.Settings(steps=10, batch=2, rate=1e-3), keep=0.5, arguments=TINY["vit"], pseudo={})
    train_image_member("vit", recipe, plan.items, CropCache(plan.crops), plan.folder / "vit.safetensors")
    assert tokens == [1 + 98] * 7 + [1 + 196] * 3
