"""What `make run` calls: prepares the site, then runs the Procfile in the foreground and ends all of it together."""

import ctypes
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

import psutil
from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Message, Printer

ROOT = Path(__file__).resolve().parent.parent
HOST = os.environ.get("HOST", "127.0.0.1")
PORT = os.environ.get("PORT", "8000")
QUIET = 1.0  # seconds without a log line: the start-up is over
ASKED_TO_STOP = {128 + signal.SIGINT, 128 + signal.SIGTERM}
PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


class QuietPrinter(Printer):  # type: ignore[misc]  # honcho has no annotations
    """Remembers when the last line came, so that the address can stand below the start-up logs."""

    last = 0.0

    def write(self, message: Message) -> None:
        self.last = time.monotonic()
        super().write(message)


class Runner(Manager):  # type: ignore[misc]  # honcho has no annotations
    """Honcho kills process groups; a worker's cluster has a group of its own, and would hold honcho's pipe for ever."""

    def kill(self) -> None:
        super().kill()
        kill_descendants({child.pid for child in multiprocessing.active_children()})


def kill_descendants(spared: set[int | None]) -> None:
    """As the subreaper this process inherits every orphan of the tree below it, so none can hide."""
    left = [process for process in psutil.Process().children(recursive=True) if process.pid not in spared]
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=5)


def become_subreaper() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def stop(signum: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signum)


def listen_for_signals() -> None:
    """Also where SIGINT came in ignored, as in a background job of a shell; the manager replaces them later."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, stop)


def require_free_port() -> None:
    if not PORT.isdecimal():
        sys.exit(f"PORT must be a number, not {PORT!r}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(PORT)))
        except OSError as error:
            sys.exit(f"Port {PORT} of {HOST} cannot be used: {error.strerror}. Choose another one: make run PORT=8001")


def is_live() -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{PORT}/health/live", timeout=2) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        return True  # it answers: DJANGO_ALLOWED_HOSTS need not list the address that this process asks for
    except OSError:
        return False


def announce(printer: QuietPrinter) -> None:
    """The address comes last: once the web answers and the processes have said what they say when they start."""
    while not is_live() or time.monotonic() - printer.last < QUIET:
        time.sleep(0.1)
    sys.stdout.write(f"\nReady: http://{HOST}:{PORT}  (Ctrl-C stops everything)\n")
    sys.stdout.flush()


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return os.environ | {"PATH": path, "HOST": HOST, "PORT": PORT, "PYTHONUNBUFFERED": "1"}


def run() -> int:
    printer = QuietPrinter(sys.stdout)
    runner = Runner(printer)
    for name, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        runner.add_process(name, f"exec {command}", env=environment(), cwd=str(ROOT))
    threading.Thread(target=announce, args=(printer,), daemon=True).start()
    runner.loop()
    return 0 if runner.returncode in ASKED_TO_STOP else int(runner.returncode or 0)


def main() -> int:
    listen_for_signals()
    become_subreaper()
    require_free_port()
    try:
        subprocess.run([sys.executable, "manage.py", "setup"], cwd=ROOT, env=environment(), check=True)
        return run()
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    finally:
        kill_descendants(spared=set())


if __name__ == "__main__":
    sys.exit(main())
