"""A version's answers to a panel, by `python -m ml_core evaluate` in a process of its own. Kept, and gone on with.

Runs where the training cluster works. The scores lie below DEEPFAKE_EVALUATIONS/<panel>/<version>/; what was answered
before the process died is not asked again.
"""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from learning.registry import folders
from learning.registry.errors import RegistryError
from learning.registry.panels import Panel
from ml_core.config import PROJECT_ROOT
from ml_core.versions import write_json

Started = Callable[[Callable[[], None]], None]
MANIFEST = ("path", "label", "source", "family", "group", "split")
REFUSED_SOME = 1  # the exit status of an evaluation that could not read every file; the rows say which


def nobody(kill: Callable[[], None]) -> None:
    """For callers who never end a scoring."""


def score(version_name: str, panel: Panel, started: Started = nobody) -> Path:
    """The path of scores.csv. `started` is given what ends the process. Raises RegistryError `evaluation_failed`."""
    folder = Path(settings.DEEPFAKE_EVALUATIONS) / panel.name / version_name
    scores, state = folder / "scores.csv", folder / "done.json"
    key = {"items": panel.digest, "version": folders.read(version_name).manifest_sha256}
    if scores.is_file() and _read(state) == key:
        return scores
    folder.mkdir(parents=True, exist_ok=True)
    state.unlink(missing_ok=True)
    _write_manifest(folder / "items.csv", panel)
    _run(_command(version_name, folder, panel.tier), folder / "log.txt", started)
    write_json(state, key)
    return scores


def _command(version: str, folder: Path, tier: str) -> list[str]:
    command = [sys.executable, "-m", "ml_core", "evaluate", str(folder / "items.csv"), "--version", version]
    command += ["--models", str(folders.root()), "--out", str(folder), "--tier", tier, "--scores-only"]
    return [*command, "--parent", str(os.getpid())]


def _run(command: list[str], log: Path, started: Started) -> None:
    """At the lowest priority: a detection that wants the processor gets it."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own module, by a list
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=PROJECT_ROOT, env=environment
        )
        try:
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, process.pid, 19)
            started(process.kill)
            status = process.wait()
        finally:
            process.kill()
            process.wait()
    if status not in (0, REFUSED_SOME):
        tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise RegistryError("evaluation_failed", f"exit status {status}: {''.join(tail)}")


def _write_manifest(path: Path, panel: Panel) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(MANIFEST)
        for item in panel.items:
            label = "fake" if item.fake else "real"
            writer.writerow([item.path.resolve(), label, item.source, item.family, item.group, item.split or "test"])


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
