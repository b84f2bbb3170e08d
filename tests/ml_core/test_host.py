"""The inference host as its worker sees it: killed, hung or confused, it is one ordinary failed attempt."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import psutil
import pytest

from ml_core.config import PROJECT_ROOT
from ml_core.datatypes import Frame, Picture
from ml_core.errors import InferenceError
from ml_core.host_client import HostClient
from ml_core.host_protocol import pack_frames, read_message, unpack_frames, write_message
from ml_core.versions import set_champion
from tests.tiny import make_tiny_version

PATIENCE = 400.0  # seconds: machines that run the tests may be busy


@pytest.fixture(scope="module")
def client(tiny_root: Path) -> Iterator[HostClient]:
    with HostClient(tiny_root, "cpu") as client:
        yield client


@pytest.fixture
def still(portrait: Picture) -> list[Frame]:
    return [Frame(0, None, portrait, scale=1.5)]


def host_process(root: Path, parent: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ml_core.host", "--parent", str(parent), "--models", str(root)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT_ROOT)


def has_ended(pid: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_frames_survive_the_journey() -> None:
    rng = np.random.default_rng(0)
    sent = [
        Frame(0, None, rng.integers(0, 256, (5, 7, 3), np.uint8), 2.0),
        Frame(1, 0.25, np.ascontiguousarray(rng.integers(0, 256, (9, 4, 3), np.uint8)[::-1])[:, ::2]),
    ]
    heads, blobs = pack_frames(sent)
    received = unpack_frames(heads, b"".join(blobs))
    for one, other in zip(sent, received, strict=True):
        assert (one.index, one.time, one.scale) == (other.index, other.time, other.scale)
        assert np.array_equal(one.image, other.image)


@pytest.mark.parametrize("shape", [[5, 7, 3], [3, 3, 3], [2, 2], [-1, 4, 3], ["a", 1, 3]])
def test_pixels_that_do_not_fit_are_a_named_error(shape: list[object]) -> None:
    head = {"index": 0, "time": None, "scale": 1.0, "shape": shape}
    with pytest.raises(InferenceError):
        unpack_frames([head], b"\0" * 30)


def test_the_client_does_not_import_the_models() -> None:
    code = "import sys, ml_core.host_client; sys.exit('torch' in sys.modules or 'cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, check=False).returncode == 0


def test_it_works(client: HostClient, still: list[Frame]) -> None:
    told: list[str] = []
    first = client.predict(still, "image", on_stage=told.append, timeout=PATIENCE)
    pid = client.pid
    second = client.predict(still, "image", "tiny", timeout=PATIENCE)
    assert told == ["faces", "models"]
    assert first["label"] in {"FAKE", "REAL", "INCONCLUSIVE"}
    assert (second["p_fake"], second["faces"]) == (first["p_fake"], first["faces"])
    assert client.pid == pid


def test_an_unknown_version_does_not_end_the_host(client: HostClient, still: list[Frame]) -> None:
    client.predict(still, "image", timeout=PATIENCE)
    pid = client.pid
    with pytest.raises(InferenceError, match="no_manifest"):
        client.predict(still, "image", "missing", timeout=PATIENCE)
    assert client.pid == pid


def test_it_follows_the_champion(client: HostClient, tiny_root: Path, still: list[Frame]) -> None:
    before = client.predict(still, "image", timeout=PATIENCE)
    make_tiny_version(tiny_root, "other", seed=1)
    try:
        after = client.predict(still, "image", timeout=PATIENCE)
    finally:
        set_champion(tiny_root, "tiny")
    assert (before["model_version"], after["model_version"]) == ("tiny", "other")
    assert before["p_fake"] != after["p_fake"]


def test_killed_in_the_middle_it_is_a_failed_attempt_and_then_starts_again(
    client: HostClient, still: list[Frame]
) -> None:
    before = client.predict(still, "image", timeout=PATIENCE)
    first = client.pid
    with pytest.raises(InferenceError, match="host failed"):
        client.predict(still, "image", on_stage=lambda _: os.kill(cast(int, client.pid), signal.SIGKILL))
    assert client.pid is None
    assert client.predict(still, "image", timeout=PATIENCE)["p_fake"] == before["p_fake"]
    assert client.pid not in {None, first}


def test_a_hung_host_is_killed_at_the_timeout(client: HostClient, still: list[Frame]) -> None:
    client.predict(still, "image", timeout=PATIENCE)
    pid = cast(int, client.pid)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(InferenceError, match="no answer within"):
        client.predict(still, "image", timeout=0.5)
    assert has_ended(pid)
    assert client.pid is None


def test_an_interrupted_request_leaves_no_half_conversation(tiny_root: Path, still: list[Frame]) -> None:
    def stop(stage: str) -> None:
        raise KeyboardInterrupt

    with HostClient(tiny_root, "cpu") as client:
        with pytest.raises(KeyboardInterrupt):
            client.predict(still, "image", on_stage=stop, timeout=PATIENCE)
        assert client.pid is None


def test_the_kernel_takes_it_first_and_it_ends_with_its_input(tmp_path: Path) -> None:
    with host_process(tmp_path, os.getpid()) as host:
        write_message(cast(BinaryIO, host.stdin), {"kind": "image", "version": None, "frames": []})
        answer = read_message(cast(BinaryIO, host.stdout))
        assert answer is not None
        assert answer[0]["error"]["code"] == "no_champion"
        assert Path(f"/proc/{host.pid}/oom_score_adj").read_text(encoding="ascii").strip() == "1000"
        cast(BinaryIO, host.stdin).close()
        assert host.wait(PATIENCE) == 0


def test_it_does_not_stay_without_its_parent(tmp_path: Path) -> None:
    with host_process(tmp_path, parent=1) as host:
        assert host.wait(PATIENCE) == 1


def test_it_dies_with_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from ml_core.host_client import HostClient\n"
        "client = HostClient(Path(sys.argv[1])); process = client._running()\n"
        "from ml_core.host_protocol import read_message, write_message\n"
        "write_message(process.stdin, {'version': None, 'kind': 'image', 'frames': []}); read_message(process.stdout)\n"
        "print(client.pid, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, cwd=PROJECT_ROOT
    ) as parent:
        pid = int(cast(BinaryIO, parent.stdout).readline())
        os.kill(pid, signal.SIGSTOP)  # it cannot even notice that its input has ended
        parent.kill()
        assert has_ended(pid)


def test_what_a_library_prints_does_not_reach_the_channel() -> None:
    code = (
        "import os; from ml_core.host import own_channel\n"
        "source, sink = own_channel(); print('noise', flush=True); os.write(1, b'more noise')\n"
        "sink.write(source.read()); sink.flush()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], input=b"message", capture_output=True, cwd=PROJECT_ROOT, check=True
    )
    assert ran.stdout == b"message"
    assert ran.stderr == b"noise\nmore noise"
