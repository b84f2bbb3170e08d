"""The same acts in a terminal."""

import io

import pytest
from django.core.management import CommandError, call_command

from learning.registry import pointer
from learning.registry.models import ModelVersion
from tests.registry.conftest import judge


def output(command: str, *words: str, **options: object) -> str:
    stream = io.StringIO()
    call_command(command, *words, stdout=stream, **options)
    return stream.getvalue()


def test_promote_and_rollback(one: ModelVersion, two: ModelVersion) -> None:
    judge(two, one)
    assert output("promote", "two", seen="one") == "two is the champion now.\n"
    assert output("rollback") == "one is the champion again.\n"
    assert pointer.named() == "one"


def test_refusals_say_what_to_do(one: ModelVersion, two: ModelVersion) -> None:
    with pytest.raises(CommandError, match="not passed the gate"):
        output("promote", "two")
    with pytest.raises(CommandError, match="no version of this name"):
        output("promote", "none")
    with pytest.raises(CommandError, match="replaced no other version"):
        output("rollback")
    with pytest.raises(CommandError, match="no_frozen_sets"):
        output("judge", "two")


def test_register_models_says_what_it_did(db: None, models: object) -> None:
    assert "one is the champion" in output("register_models")
    assert output("register_models") == ""
