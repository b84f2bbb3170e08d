"""The card says what the score files say, in distribution and held out apart."""

import json
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import roc_auc_score

from ml_core import cli
from ml_core.training.manifest import role_of
from ml_core.versions import read_manifest, write_json
from tests.ml_core.evaluation.rows import make_rows, write
from tests.tiny import make_tiny_version


@pytest.fixture
def card(tmp_path: Path) -> tuple[str, dict[str, Any]]:
    """The Markdown and card.json of a tiny version, from made-up scores of a trained, a strange and a real source."""
    root = tmp_path / "models"
    make_tiny_version(root)
    manifest = read_manifest(root, "tiny") | {"data": {"sources": ["s"]}}
    write_json(root / "tiny" / "manifest.json", manifest)
    recipes = {"title": "Ways", "note": "Half an hour.", "head": ["way", "AUC"], "rows": [["low rank", 0.9]]}
    write_json(root / "tiny" / "recipes.json", recipes)
    write_json(root / "tiny" / "pseudo_fakes.json", recipes | {"title": "Kinds", "rows": [["swapped", 0.7]]})
    test, strange = make_rows(), make_rows(80, skill=0.5, seed=1, source="strange", split="elsewhere")
    alone = [r for r in make_rows(200, source="faces", split="real_only") if r["label"] == "real"]
    folder = write(tmp_path / "scores", [*test, *make_rows(seed=2, split="val"), *strange, *alone])
    write(folder / "tiers" / "jpeg60_half", make_rows(60, skill=0.8))
    write_json(folder / "metrics.json", {"version": "tiny", "tier": "as_is"})
    assert cli.main(["card", str(folder), "--models", str(root), "--out", str(tmp_path / "card.md")]) == 0
    return (tmp_path / "card.md").read_text(), json.loads((root / "tiny" / "card.json").read_text())


def auc_of(rows: list[dict[str, str]]) -> float:
    return float(roc_auc_score([r["label"] == "fake" for r in rows], [float(r["p_fake"]) for r in rows]))


def tables(card: dict[str, Any], title: str) -> list[dict[str, Any]]:
    return next(section["tables"] for section in card["sections"] if section["title"].startswith(title))


def test_it_has_the_figures_of_the_files(card: tuple[str, dict[str, Any]]) -> None:
    text, found = card
    assert f"| s | 120 | 60 | {auc_of(make_rows()):.3f} (" in text
    assert found["figures"]["test"]["sources"]["s"]["auc"] == pytest.approx(auc_of(make_rows()), abs=1e-5)
    assert tables(found, "The members")[0]["rows"][0][0] == "s"
    assert "| ensemble | 96–98 % |" in text
    assert "| low rank | 0.900 |" in text.split("## Ways")[1]
    assert "| swapped | 0.700 |" in text.split("## Kinds")[1]


def test_the_summary_counts_the_false_alarms_on_real_photographs_alone(card: tuple[str, dict[str, Any]]) -> None:
    _, found = card
    sources = [*found["figures"]["test"]["sources"].values(), *found["figures"]["real_only"]["sources"].values()]
    alarms = max(values["false_alarms"] for values in sources)
    assert alarms == found["figures"]["real_only"]["sources"]["faces"]["false_alarms"]
    assert f"{alarms:.1%} of the real items" in " ".join(found["summary"])


def test_held_out_stands_apart(card: tuple[str, dict[str, Any]]) -> None:
    _, found = card
    assert [row[0] for row in tables(found, "In distribution")[0]["rows"]] == ["s"]
    assert [row[0] for row in tables(found, "Held out")[0]["rows"]] == ["strange"]


def test_of_the_real_photographs_only_those_that_no_training_used_are_counted(card: tuple[str, dict[str, Any]]) -> None:
    rows = [r for r in make_rows(200, source="faces", split="real_only") if r["label"] == "real"]
    untouched = sum(role_of("real_only", row["group"]) == "test" for row in rows)
    assert 0 < untouched < len(rows)
    assert tables(card[1], "Real photographs alone")[0]["rows"][0][:2] == ["faces", str(untouched)]


def test_a_tier_is_compared_on_the_same_items(card: tuple[str, dict[str, Any]]) -> None:
    row = tables(card[1], "After recompression")[0]["rows"][0]
    assert row[:3] == ["jpeg60_half", "s", "60"]
    assert row[3].startswith(f"{auc_of(make_rows()[:60]):.3f}")
    assert row[4].startswith(f"{auc_of(make_rows(60, skill=0.8)):.3f}")


def test_evaluations_of_two_versions_make_no_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [write(tmp_path / name, make_rows(10)) for name in ("a", "b")]
    for folder in folders:
        write_json(folder / "metrics.json", {"version": folder.name, "tier": "as_is"})
    assert cli.main(["card", *map(str, folders), "--out", str(tmp_path / "card.md")]) == 2
    assert "different versions" in capsys.readouterr().err
