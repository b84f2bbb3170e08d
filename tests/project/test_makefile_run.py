"""`make run`: one command up, one Ctrl-C down, nothing left behind."""

import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120  # seconds: also on a machine that is busy with other things
OURS = re.compile(r"DJANGO_|DATABASE_URL|TEST_DATABASE_URL|DEEPFAKE_|MEDIA_ROOT|HOST$|PORT$|MAKE")


class Site:
    """A running `make run`, in a session of its own, with data of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self.output = folder, port, folder / "output"
        with self.output.open("w") as output:
            self.make = subprocess.Popen(
                ["make", "run"], cwd=ROOT, env=self._environment(), start_new_session=True, stdout=output, stderr=output
            )

    def _environment(self) -> dict[str, str]:
        places = {"DEEPFAKE_VAR": self.folder / "var", "MEDIA_ROOT": self.folder / "media", "PORT": self.port}
        inherited = {name: value for name, value in os.environ.items() if not OURS.match(name)}
        return inherited | {name: str(value) for name, value in places.items()}

    def said(self) -> str:
        return self.output.read_text()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.2)

    def wait_until_ready(self) -> None:
        self.wait_until(lambda: "Ready: " in self.said() or self.make.poll() is not None)
        assert self.make.poll() is None, self.said()

    def processes(self) -> list[psutil.Process]:
        """Every process that inherited this site's data folder, whoever its parent is now."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("DEEPFAKE_VAR") == str(self.folder / "var")
        except psutil.Error:
            return False

    def send(self, signum: int) -> int:
        """As a terminal does: to the whole foreground group. Answers make's exit status."""
        os.killpg(self.make.pid, signum)
        return self.make.wait(PATIENCE)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path, port: int) -> Iterator[Callable[[], Site]]:
    sites: list[Site] = []

    def start_one() -> Site:
        sites.append(Site(tmp_path, port))
        return sites[-1]

    yield start_one
    for site in sites:
        for process in site.processes():
            process.kill()
        site.make.wait(PATIENCE)


def assert_nothing_is_left(site: Site) -> None:
    assert site.processes() == []
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", site.port))


def test_up_and_down_and_up_again(start: Callable[[], Site]) -> None:
    first = start()
    first.wait_until_ready()
    with urllib.request.urlopen(f"http://127.0.0.1:{first.port}/health/live", timeout=10) as answer:
        assert answer.status == 200
    assert re.findall(r"^  (demo|moderator|admin) +\S{12,}$", first.said(), re.MULTILINE) == [
        "demo",
        "moderator",
        "admin",
    ]
    assert first.said().rstrip().splitlines()[-1] == f"Ready: http://127.0.0.1:{first.port}  (Ctrl-C stops everything)"
    # make dies of the signal itself, unless whoever started these tests ignores it, as a shell does for background jobs
    assert first.send(signal.SIGINT) in {0, -signal.SIGINT}
    assert_nothing_is_left(first)

    key = first.folder / "var" / "secret_key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with sqlite3.connect(first.folder / "var" / "db.sqlite3") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()

    second = start()
    second.wait_until_ready()
    assert "Demo accounts" not in second.said()
    second.send(signal.SIGTERM)
    assert_nothing_is_left(second)


def test_a_worker_that_is_killed_takes_the_rest_down(start: Callable[[], Site]) -> None:
    site = start()
    site.wait_until_ready()
    supervisor = next(process for process in site.processes() if process.cmdline()[1:3] == ["manage.py", "worker"])
    supervisor.kill()
    assert site.make.wait(PATIENCE) != 0
    assert_nothing_is_left(site)


def test_a_port_that_is_taken(start: Callable[[], Site], port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        site = start()
        assert site.make.wait(PATIENCE) != 0
    assert f"Port {port} of 127.0.0.1 cannot be used: Address already in use." in site.said()
    assert not (site.folder / "var").exists()


def test_a_port_that_is_no_number() -> None:
    environment = os.environ | {"PORT": "eight"}
    done = subprocess.run([sys.executable, "scripts/run.py"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "PORT must be a number, not 'eight'.\n"
