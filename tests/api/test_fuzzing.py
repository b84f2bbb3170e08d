"""schemathesis against the running application: every operation, with what the document allows and what it does not.

Bounded here; `make fuzz` looks longer.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from detection.api import events, waiting
from tests.factories import jpeg_bytes, make_detection, make_media, make_token, make_user

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "2")
PHASES = os.environ.get("FUZZ_PHASES", "fuzzing,stateful")
PLENTY = 10**9
CURSORS = 'checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 429]'


@pytest.fixture
def quick(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """No limits and no waiting: both have tests of their own."""
    settings.DEEPFAKE_API_RATES = dict.fromkeys(settings.DEEPFAKE_API_RATES, PLENTY)
    settings.DEEPFAKE_QUOTAS = dict.fromkeys(settings.DEEPFAKE_QUOTAS, PLENTY)
    monkeypatch.setattr(events, "LONGEST", 0.1)
    monkeypatch.setattr(waiting, "LONGEST", 0.1)


def detections(user: User) -> list[str]:
    """Ids that exist, in several states."""
    states = ("done", "queued", "failed") * 8
    made = [make_detection(user, make_media(user, jpeg_bytes(300 + at)), state=s) for at, s in enumerate(states)]
    return [str(detection.pk) for detection in made]


def lists() -> list[str]:
    """Operations that take a cursor. A text is a cursor only if we gave it: another one is refused."""
    document = yaml.safe_load((HERE.parents[1] / "docs" / "openapi.yaml").read_text())
    reads = [methods["get"] for methods in document["paths"].values() if "get" in methods]
    return [one["operationId"] for one in reads if "cursor" in {p["name"] for p in one.get("parameters", [])}]


def configuration(directory: Path, ids: dict[str, list[str]]) -> Path:
    """The stored one, with values that exist for half of the parameters of these names."""
    lines = [(HERE / "schemathesis.toml").read_text()]
    lines += [f'[[operations]]\ninclude-operation-id = "{name}"\n{CURSORS}' for name in lists()]
    lines += [f"[dictionaries.{name}]\nvalues = {values}" for name, values in ids.items()]
    lines += ["[parameters]"]
    lines += [f'"path.{name}" = {{ dictionary = "{name}", probability = 0.5 }}' for name in ids]
    path = directory / "schemathesis.toml"
    path.write_text("\n".join(lines))
    return path


def look(server: LiveServer, config: Path, *options: str) -> None:
    """One run; what it found stands in the failure."""
    program = Path(sys.executable).parent / "schemathesis"
    address = f"{server.url}/api/schema/?format=json"
    command = [program, "--config-file", config, "run", address, "--phases", PHASES, "--seed", "1", *options]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.api.fuzz_hooks", "PYTHONPATH": str(HERE.parents[1])}
    done = subprocess.run(
        [*map(str, command), "--max-examples", EXAMPLES],
        cwd=config.parent,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


@pytest.mark.django_db(transaction=True)
def test_every_operation(live_server: LiveServer, quick: None, admin: User, tmp_path: Path) -> None:
    config = configuration(tmp_path, {"detection_id": detections(admin)})
    look(live_server, config, "--header", f"Authorization: Bearer {make_token(admin)}", "--exclude-tag", "tokens")
    # Tokens by a session: a token that revokes itself would see nothing but 401.
    browser = Client()
    browser.force_login(make_user("keeper", "admin"))
    secret = "x" * 32
    cookie = f"sessionid={browser.cookies['sessionid'].value}; csrftoken={secret}"
    look(
        *(live_server, config, "--header", f"Cookie: {cookie}", "--header", f"X-CSRFToken: {secret}"),
        *("--include-tag", "tokens"),
    )
