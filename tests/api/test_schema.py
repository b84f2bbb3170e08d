"""The OpenAPI document is complete, valid, and the one that lies in the repository."""

import io
from pathlib import Path

import jsonschema
import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from detection.api.problems import PROBLEMS

STORED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


def test_the_stored_document_is_the_code_s() -> None:
    made = io.StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=made)
    assert made.getvalue() == STORED.read_text(), "run: manage.py spectacular --file docs/openapi.yaml"


def test_the_document_is_served_in_both_forms(db: None, client: Client) -> None:
    document = yaml.safe_load(client.get("/api/schema/").content)
    assert document["openapi"] == "3.1.0"
    assert client.get("/api/schema/?format=json").json() == document


def test_the_page_takes_nothing_from_elsewhere(db: None, client: Client) -> None:
    response = client.get("/api/docs/")
    assert response.status_code == 200
    assert "http" not in response.content.decode()
    assert "unsafe" not in response["Content-Security-Policy"]


@pytest.mark.parametrize("address", ["/api/docs/", "/api/schema/"])
def test_they_are_for_reading(db: None, address: str) -> None:
    assert Client(enforce_csrf_checks=True).post(address).status_code == 405


def test_every_code_stands_in_the_documentation() -> None:
    words = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()
    assert [code for code in PROBLEMS if f"`{code}`" not in words] == []


def test_the_examples_are_what_the_document_says() -> None:
    document = yaml.safe_load(STORED.read_text())
    for address, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                for content in response.get("content", {}).values():
                    for name, shown in content.get("examples", {}).items():
                        schema = {**content["schema"], "components": document["components"]}
                        validator = jsonschema.Draft202012Validator(schema)
                        problems = [error.message for error in validator.iter_errors(shown["value"])]
                        assert problems == [], (method, address, status, name)
