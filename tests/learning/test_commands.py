"""`manage.py train`, `quick_train` and `evaluate` are the commands of ml_core: same arguments, same exit status."""

from pathlib import Path

import pytest
from django.core.management import call_command


@pytest.mark.parametrize("command", ["train", "quick_train"])
def test_data_that_is_not_there_is_said_with_status_2(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        call_command(command, str(tmp_path / "none.csv"), run=tmp_path / "run", out=tmp_path / "models")
    assert left.value.code == 2
    assert "none.csv" in capsys.readouterr().err
    assert not (tmp_path / "models").exists()


def test_evaluate_without_a_version_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        call_command("evaluate", str(tmp_path), models=tmp_path, out=tmp_path / "out")
    assert left.value.code == 2
    assert "no champion" in capsys.readouterr().err
