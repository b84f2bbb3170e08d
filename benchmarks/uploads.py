"""Web memory while several large uploads come in at once: what the server's processes hold, sampled 20 times a second.

    python -m benchmarks.uploads [--size-mb 500] [--at-once 3] [--workers 1]

Starts gunicorn as the Procfile does, on a database and a media directory of its own, and sends pictures that are
padded to the size through POST /api/detect/image. With one worker all of them meet in one process.
"""

import argparse
import http.client
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
MB = 1024 * 1024
LIMIT_MB = 150
BOUNDARY = "benchmark"
HEAD = (
    f"--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="file"; filename="large.jpg"\r\n'
    "Content-Type: image/jpeg\r\n\r\n"
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
PREPARE = """
from django.contrib.auth.models import User
from detection.api import tokens
print(tokens.issue(User.objects.create_user("benchmark"), name="benchmark", scopes=["detect:write"])[1])
"""


def environment(directory: Path) -> dict[str, str]:
    """An installation of its own."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "deepfake_site.settings",
        "DJANGO_SECRET_KEY": "benchmark-" + "0" * 40,
        "DEEPFAKE_VAR": str(directory / "var"),
        "MEDIA_ROOT": str(directory / "media"),
        "DATABASE_URL": f"sqlite:///{directory / 'var' / 'db.sqlite3'}",
    }


def manage(directory: Path, *arguments: str) -> str:
    """What a management command prints."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment(directory), check=True, capture_output=True, text=True)
    return done.stdout


@contextmanager
def server(directory: Path, workers: int) -> Iterator[tuple[int, psutil.Process]]:
    """gunicorn on a free port, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    options = ["--bind", f"127.0.0.1:{port}", "--no-control-socket", "--worker-class", "gthread", "--threads", "8"]
    command = [sys.executable, "-m", "gunicorn", "deepfake_site.wsgi", *options, "--workers", str(workers)]
    log = (directory / "server.log").open("w")
    process = subprocess.Popen(command, cwd=ROOT, env=environment(directory), stderr=log)
    try:
        wait_for(port)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def wait_for(port: int) -> None:
    """Until the server answers."""
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health/live")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            connection.close()
            return
    raise TimeoutError("the server does not answer")


def body(size: int, mark: int) -> Iterator[bytes]:
    """A picture, padded to the size; the mark makes each another file."""
    stream = io.BytesIO()
    Image.new("RGB", (640, 480), (mark, 120, 90)).save(stream, "JPEG")
    picture = stream.getvalue()
    yield HEAD + picture
    left, block = size - len(picture), bytes(MB)
    while left:
        yield block[: min(left, MB)]
        left -= min(left, MB)
    yield TAIL


def send(port: int, token: str, size: int, mark: int) -> tuple[int, float]:
    """Status and seconds of one upload."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(len(HEAD) + size + len(TAIL)),
    }
    begun = time.monotonic()
    connection.request("POST", "/api/detect/image", body=body(size, mark), headers=headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    if response.status != 202:
        print(json.loads(answer), file=sys.stderr)
    return response.status, time.monotonic() - begun


class Watch(threading.Thread):
    """The most that each process of the server ever held."""

    def __init__(self, server: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.over = threading.Event()
        self.peaks: dict[int, int] = {}

    def run(self) -> None:
        while not self.over.wait(0.05):
            for process in (self.server, *self.server.children(recursive=True)):
                held = process.memory_info().rss
                self.peaks[process.pid] = max(self.peaks.get(process.pid, 0), held)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--size-mb", type=int, default=500)
    parser.add_argument("--at-once", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="uploads-") as name:
        directory = Path(name)
        manage(directory, "setup", "--verbosity", "0")
        token = manage(directory, "shell", "--no-imports", "--verbosity", "0", "-c", PREPARE).split()[-1]
        with server(directory, options.workers) as (port, process):
            send(port, token, MB, 200)
            at_rest = max(child.memory_info().rss for child in process.children())
            watch = Watch(process)
            watch.start()
            with ThreadPoolExecutor(options.at_once) as pool:
                sizes = [options.size_mb * MB] * options.at_once
                marks = range(options.at_once)
                answers = list(pool.map(lambda size, mark: send(port, token, size, mark), sizes, marks))
            watch.over.set()
            watch.join()
        if any(status != 202 for status, _ in answers):
            print((directory / "server.log").read_text()[-4000:], file=sys.stderr)
    peak = max(watch.peaks.values()) / MB
    for status, seconds in answers:
        print(f"{options.size_mb} MB: HTTP {status} after {seconds:.1f} s")
    print(f"a web process at rest {at_rest / MB:.0f} MB, at most {peak:.0f} MB (limit {LIMIT_MB} MB)")
    return 0 if peak < LIMIT_MB and all(status == 202 for status, _ in answers) else 1


if __name__ == "__main__":
    sys.exit(main())
