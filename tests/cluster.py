"""Real workers for a test: `manage.py worker` in a session of its own, on the test's database, media and models."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psutil
from django.conf import settings
from django.db import connection


def database_url() -> str:
    """The test's own database in the words of DATABASE_URL."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    account = quote(values["USER"]) + (f":{quote(values['PASSWORD'])}" if values["PASSWORD"] else "")
    return f"postgres://{account}@{values['HOST']}:{values['PORT'] or 5432}/{values['NAME']}"


def environment(models: Path, **more: str) -> dict[str, str]:
    """What a process of the site needs to play in the same test."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "deepfake_site.settings",
        "DJANGO_SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": database_url(),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "DEEPFAKE_MODELS": str(models),
        "DEEPFAKE_LEASE_SECONDS": "4",
        "DEEPFAKE_STALL_SECONDS": "4",
        **more,
    }


class Worker:
    """A running supervisor and what hangs below it."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log

    def family(self) -> list[psutil.Process]:
        """Every process below the supervisor."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    def find(self, *marks: str) -> psutil.Process | None:
        """The process whose command line has all these marks."""
        for process in self.family():
            with suppress(psutil.NoSuchProcess):
                line = " ".join(process.cmdline())
                if all(mark in line for mark in marks):
                    return process
        return None

    def wait_for(self, found: Callable[[], object], seconds: float = 120.0) -> None:
        """Until it is so; the log says what happened where it never is."""
        deadline = time.monotonic() + seconds
        while not found():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def kill(self, *marks: str) -> int:
        """SIGKILL the process with these marks as soon as there is one; gives its id."""
        killed: list[int] = []

        def strike() -> bool:
            victim = self.find(*marks)
            with suppress(psutil.NoSuchProcess):  # short lives may end between the look and the blow
                if victim:
                    victim.kill()
                    killed.append(victim.pid)
            return bool(killed)

        self.wait_for(strike)
        return killed[0]

    def stop(self) -> None:
        """SIGTERM, as a process manager would."""
        self.process.terminate()
        self.process.wait(timeout=30)


@contextmanager
def running_worker(models: Path, *clusters: str, **more: str) -> Iterator[Worker]:
    """`manage.py worker` until the end of the block; then nothing of it is left, whatever happened."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode=WAL")
    log = Path(settings.MEDIA_ROOT).parent / "worker.log"
    command = [sys.executable, "manage.py", "worker"]
    for cluster in clusters:
        command += ["--cluster", cluster]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=environment(models, **more),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    worker = Worker(process, log)
    try:
        yield worker
    finally:
        family = worker.family()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        for left in family:
            with suppress(psutil.NoSuchProcess):
                left.kill()
        process.kill()
        process.wait()
