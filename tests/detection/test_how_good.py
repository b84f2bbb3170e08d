"""How good is it? The champion's card as a page."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from ml_core.evaluation import cli
from ml_core.versions import read_manifest, write_json
from tests.factories import make_detection, make_media
from tests.ml_core.evaluation.rows import make_rows, write
from tests.tiny import make_tiny_version

URL = "/how-good/"


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models whose champion has a card, made by the command from made-up scores."""
    folder = tmp_path_factory.mktemp("card")
    root = folder / "models"
    make_tiny_version(root)
    write_json(root / "tiny" / "manifest.json", read_manifest(root, "tiny") | {"data": {"sources": ["dfdc"]}})
    scores = write(folder / "scores", [*make_rows(source="dfdc"), *make_rows(40, source="<b>strange</b>", split="x")])
    write_json(scores / "metrics.json", {"version": "tiny", "tier": "as_is"})
    options: Any = type("Options", (), {"scores": [scores], "models": root, "out": folder / "card.md"})
    assert cli.run_card(options) == 0
    return root


@pytest.fixture
def page(owner_client: Client, settings: Settings, evaluated: Path) -> str:
    settings.DEEPFAKE_MODELS = evaluated
    response = owner_client.get(URL)
    assert response.status_code == 200
    return response.content.decode()


def test_it_shows_the_figures_of_the_card(page: str, evaluated: Path) -> None:
    card = json.loads((evaluated / "tiny" / "card.json").read_text())
    for section in card["sections"]:
        assert section["title"].replace("'", "&#x27;") in page
        for table in section["tables"]:
            assert all(cell.replace("<", "&lt;").replace(">", "&gt;") in page for row in table["rows"] for cell in row)
    assert "do not use it alone to accuse a person" in page


def test_plots_are_pictures_with_a_name_and_a_table(page: str) -> None:
    assert page.count('role="img"') == 3
    assert page.count("as a table</summary>") == 3
    assert page.count('class="said__bar"') == 3  # reals and two families


def test_names_of_sources_are_escaped(page: str) -> None:
    assert "<b>strange</b>" not in page
    assert "&lt;b&gt;strange&lt;/b&gt;" in page


def test_it_is_for_signed_in_people(client: Client, evaluated: Path) -> None:
    assert client.get(URL).status_code == 302


def test_a_version_without_an_evaluation_says_so(owner_client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.DEEPFAKE_MODELS = tmp_path
    assert "No model version is in force" in owner_client.get(URL).content.decode()
    make_tiny_version(tmp_path)
    for text in (None, "{", '{"schema": 1}', '{"schema": 2}', "[]"):
        if text is not None:
            (tmp_path / "tiny" / "card.json").write_text(text)
        assert "Version tiny was not evaluated yet" in owner_client.get(URL).content.decode()


def test_the_header_and_every_verdict_link_to_it(owner: User, owner_client: Client) -> None:
    detection = make_detection(owner, make_media(owner), state="done", p_fake=0.95, label="FAKE")
    response = owner_client.get(f"/detections/{detection.pk}/")
    assert response.content.decode().count(f'href="{URL}"') >= 2
