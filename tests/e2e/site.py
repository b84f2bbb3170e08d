"""The whole site as it runs in earnest: web server, worker with its cluster and inference host, a database."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
START_SECONDS = 120
STOP_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Site:
    """A running site: where it is, where it keeps uploads, what the web process has written, and its settings."""

    url: str
    media: Path
    log: Path
    environment: Mapping[str, str]

    def uploads(self) -> list[str]:
        """The directories of stored media; the staging directory is none."""
        return [entry.name for entry in self.media.iterdir() if not entry.name.startswith(".")]


def run(environment: Mapping[str, str], *command: str) -> str:
    """What a command of the site prints, which must succeed."""
    done = subprocess.run([PYTHON, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment_of(directory: Path, database_url: str, models: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "deepfake_site.settings",
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": database_url,
        "DEEPFAKE_VAR": str(directory / "var"),
        "DEEPFAKE_CACHE": str(models / "cache"),
        "DEEPFAKE_MODELS": str(models),
        "MEDIA_ROOT": str(directory / "media"),
        "DEEPFAKE_FROZEN": str(directory / "none.csv"),  # not what lies in the checkout's `data`
        "PYTHONUNBUFFERED": "1",
        "DEEPFAKE_UNDO_SECONDS": "5",  # nobody waits half a minute here, or five
        "DEEPFAKE_NOTICE_SECONDS": "0",
        "DEEPFAKE_AUDIT_SHARE": "0",  # nothing is drawn by lot
        "DEEPFAKE_GOLD_SHARE": "0",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def process(environment: Mapping[str, str], log: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own. At the end it is asked to stop, and must leave nobody behind."""
    with log.open("wb") as output:
        child = subprocess.Popen(
            [PYTHON, *command], cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield child
    finally:
        left = stop(child)
    assert not left, f"{command} left {left} behind: {log.read_text()}"


def stop(child: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """SIGTERM to the group, then SIGKILL to whatever still lives; gives what had to be killed."""
    family: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(child.pid).children(recursive=True)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    _, left = psutil.wait_procs(family, timeout=3)
    for process in left:
        process.kill()
    return left


def is_ready(address: str) -> bool:
    connection = HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def wait_until_ready(address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_ready(address):
        assert time.monotonic() < deadline, f"the site does not answer: {log.read_text()}"
        time.sleep(0.1)


@contextmanager
def running_site(directory: Path, database_url: str, models: Path) -> Iterator[Site]:
    """Prepared by `manage.py setup`, served by gunicorn, worked for by `manage.py worker`."""
    environment = environment_of(directory, database_url, models)
    run(environment, "manage.py", "setup")
    address, log = f"127.0.0.1:{free_port()}", directory / "web.log"
    options = ("--bind", address, "--no-control-socket", "--worker-class", "gthread", "--threads", "4")
    web = ("-m", "gunicorn", "deepfake_site.wsgi", "--graceful-timeout", "3", *options)
    with (
        process(environment, directory / "worker.log", "manage.py", "worker"),
        process(environment, log, *web),
    ):
        wait_until_ready(address, log)
        yield Site(f"http://{address}", directory / "media", log, environment)
