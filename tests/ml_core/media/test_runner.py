"""The child's prison, and its death in every manner: the parent always comes back with an exception that says which."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ml_core.config import PROJECT_ROOT
from ml_core.errors import MediaError
from ml_core.media.frames import DecoderDied, decode
from ml_core.media.probe import probe
from ml_core.media.runner import ENVIRONMENT, Request, run
from tests.ml_core.media import samples
from tests.ml_core.media.refusal import refused

CHECK = Request("check", "image", "jpeg")


@pytest.fixture
def endless(room: Path) -> Iterator[Path]:
    """A file that never comes to an end: the child waits for its first byte."""
    path = room / "endless.jpg"
    os.mkfifo(path)
    held = os.open(path, os.O_RDWR)
    yield path
    os.close(held)


@pytest.fixture
def played_by(room: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a shell script in the place of the decoder."""

    def play(script: str) -> None:
        actor = room / "decoder"
        actor.write_text(f"#!/bin/sh\n{script}\n")
        actor.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(actor))

    return play


def test_a_hung_decoder_is_killed_at_the_deadline(endless: Path) -> None:
    started = time.monotonic()
    with pytest.raises(DecoderDied) as death:
        run(endless, CHECK, timeout=1.5)
    assert death.value.starved
    assert time.monotonic() - started < 15
    assert psutil.Process().children() == []


def test_a_killed_decoder_is_told_from_a_refusal(endless: Path) -> None:
    threading.Thread(target=lambda: _child().send_signal(signal.SIGKILL)).start()
    with pytest.raises(DecoderDied, match="signal 9"):
        decode(endless, "image", "jpeg", timeout=60)


def test_the_prison(endless: Path) -> None:
    """Seen from outside: limits, environment, working directory, open files."""
    watcher = threading.Thread(target=lambda: _run_to_the_end(endless))
    watcher.start()
    child = _child()
    _wait_until(lambda: child.rlimit(resource.RLIMIT_CPU) == (CHECK.cpu_seconds, CHECK.cpu_seconds + 5))
    try:
        assert child.rlimit(resource.RLIMIT_AS) == (CHECK.memory, CHECK.memory)
        assert child.rlimit(resource.RLIMIT_FSIZE) == (0, 0)
        assert child.rlimit(resource.RLIMIT_CORE) == (0, 0)
        assert child.rlimit(resource.RLIMIT_NOFILE) == (64, 64)
        assert set(child.environ()) <= {*ENVIRONMENT, "LC_CTYPE"}
        assert child.cwd() == str(endless.parent)
        assert endless.name not in " ".join(child.cmdline())
    finally:
        child.kill()
        watcher.join()


def test_in_the_background_it_leaves_the_processor_to_others(endless: Path) -> None:
    def kill_when_it_is_nice() -> None:
        child = _child()
        _wait_until(lambda: child.nice() == 19)
        child.kill()

    threading.Thread(target=kill_when_it_is_nice).start()
    with pytest.raises(DecoderDied, match="signal 9"):
        decode(endless, "image", "jpeg", timeout=30, nice=19)


def test_the_decoder_dies_with_its_parent(endless: Path) -> None:
    script = f"from pathlib import Path; from ml_core.media import runner; {STAND_IN}"
    parent = subprocess.Popen([sys.executable, "-c", script, str(endless)], cwd=PROJECT_ROOT)
    child = _child(parent.pid)
    _wait_until(lambda: child.rlimit(resource.RLIMIT_FSIZE) == (0, 0))
    time.sleep(0.3)  # the line after the limits
    parent.kill()
    parent.wait()
    _wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


STAND_IN = "import sys; runner.run(Path(sys.argv[1]), runner.Request('check', 'image', 'jpeg'), timeout=60)"


@pytest.mark.parametrize(
    ("script", "words", "code"),
    [
        ("kill -SEGV $$", "signal 11", "undecodable"),
        ("kill -ABRT $$", "signal 6", "undecodable"),
        ("kill -KILL $$", "signal 9", "resource_limit"),
        ("exit 3", "exit status 3", "undecodable"),
        ("exit 0", "cut short", "undecodable"),
        ("echo hello", "cut short", "undecodable"),
        (r"printf '\0\0\0\002[]'", "cannot be read", "undecodable"),
        ("exec yes", "more than it was asked for", "undecodable"),
    ],
)
def test_every_death_has_its_words(
    room: Path, played_by: Callable[[str], None], script: str, words: str, code: str
) -> None:
    """At the upload it is a refusal, in the worker an attempt that failed."""
    path = samples.make_jpeg(room / "a.jpg")
    played_by(script)
    with pytest.raises(DecoderDied, match=words):
        decode(path, "image", "jpeg")
    with refused(code):
        probe(path, path.name)


@pytest.mark.parametrize("script", ["echo std::bad_alloc >&2; kill -ABRT $$", "kill -XCPU $$"])
def test_a_limit_that_kills_is_the_files_fault(room: Path, played_by: Callable[[str], None], script: str) -> None:
    path = samples.make_jpeg(room / "a.jpg")
    played_by(script)
    with refused("resource_limit"):
        decode(path, "image", "jpeg")


def test_pixels_must_match_their_header(room: Path, played_by: Callable[[str], None]) -> None:
    head = '{"frames": [{"width": 9, "height": 9, "time": null, "scale": 1}]}'
    played_by(rf"printf '\0\0\0\{len(head):o}%s' '{head}'")
    with pytest.raises(DecoderDied, match="do not match"):
        decode(samples.make_jpeg(room / "a.jpg"), "image", "jpeg")


def test_prints_of_a_library_do_not_reach_the_answer() -> None:
    script = "import os; from ml_core.media.decode import take_stdout; o = take_stdout(); os.write(1, b'noise'); "
    done = subprocess.run([sys.executable, "-c", script + "o.write(b'answer'); o.flush()"], capture_output=True,
                          cwd=PROJECT_ROOT, check=True)  # fmt: skip
    assert (done.stdout, done.stderr) == (b"answer", b"noise")


def _run_to_the_end(path: Path) -> None:
    with pytest.raises((DecoderDied, MediaError)):
        run(path, CHECK, timeout=60)


def _child(of: int | None = None) -> psutil.Process:
    """The decoder of this process, as soon as it is there."""
    _wait_until(lambda: bool(psutil.Process(of).children()))
    child: psutil.Process = psutil.Process(of).children()[0]
    return child


def _wait_until(there: Callable[[], bool]) -> None:
    for _ in range(1000):
        if there():
            return
        time.sleep(0.02)
    raise AssertionError("waited in vain")
