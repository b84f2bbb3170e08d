"""How long until the workers answer with another champion, and whether a task is lost on the way.

    python -m benchmarks.rollback [--rounds N]

A site of its own in a temporary folder (SQLite), two tiny random versions, one real worker process. Detections are
submitted all the time; the champion is changed by promotion and by rollback in turn. Measured: from the call of the
service to the end of the first detection that the new version answered; and what became of every detection.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

PACE = 0.25  # seconds between two submissions
WAITING = 2
PATIENCE = 400.0


def prepare(base: Path) -> None:
    """Settings, database, models; then Django can be used."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="deepfake_site.settings",
        DJANGO_SECRET_KEY="for-a-benchmark-" + "0" * 40,
        DEEPFAKE_VAR=str(base / "var"),
        MEDIA_ROOT=str(base / "media"),
        DEEPFAKE_MODELS=str(base / "models"),
        DEEPFAKE_CACHE=str(base / "cache"),
        DATABASE_URL=f"sqlite:///{base / 'var' / 'db.sqlite3'}",
        DJANGO_LOG_LEVEL="ERROR",
    )
    from tests.tiny import make_tiny_version

    make_tiny_version(base / "models", "after", seed=1)
    make_tiny_version(base / "models", "before")
    import django

    django.setup()
    from django.core.management import call_command

    with Path(os.devnull).open("w") as nothing:
        call_command("setup", verbosity=0, stdout=nothing)


def submit() -> None:
    """One more detection, as long as no more than a few wait: a queue would measure itself."""
    from django.contrib.auth.models import User

    from detection import queue
    from detection.models import Detection
    from tests.factories import make_detection

    if Detection.objects.filter(state="queued").count() < WAITING:
        queue.wake(make_detection(User.objects.get(username="demo")).pk)


def wait_for(found: Callable[[], object]) -> None:
    """Submitting all the while."""
    deadline = time.monotonic() + PATIENCE
    while not found():
        if time.monotonic() > deadline:
            sys.exit("the worker did not answer in time")
        submit()
        time.sleep(PACE)


def change(act: Callable[[], str]) -> float:
    """Seconds from the act to the end of the first detection that was answered by what it brought."""
    from django.utils import timezone

    from detection.models import Detection

    start = timezone.now()
    name = act()
    answered = Detection.objects.filter(model_version=name, finished_at__gt=start)
    wait_for(answered.exists)
    first = min(end for end in answered.values_list("finished_at", flat=True) if end)
    return (first - start).total_seconds()


def measure(rounds: int) -> dict[str, list[float]]:
    """Promotion and rollback in turn."""
    from learning.registry.selectors import version_named
    from learning.registry.services import promote, rollback

    def forward() -> str:
        return promote(version_named("after"), None, unjudged="benchmark").name

    def back() -> str:
        return rollback(None).name

    times: dict[str, list[float]] = {"promotion": [], "rollback": []}
    for _ in range(rounds):
        times["promotion"].append(change(forward))
        times["rollback"].append(change(back))
    return times


def drained() -> Counter[str]:
    """How every detection ended; those that wait get time to."""
    from detection.models import Detection

    deadline = time.monotonic() + PATIENCE
    while Detection.objects.filter(state__in=("queued", "running")).exists() and time.monotonic() < deadline:
        time.sleep(PACE)
    return Counter(Detection.objects.values_list("state", flat=True))


def main() -> int:
    """Exit status 1 where a detection was lost or a change took 5 s or longer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rollback-") as folder:
        prepare(Path(folder))
        log = Path(folder) / "worker.log"
        with log.open("wb") as output:
            worker = subprocess.Popen([sys.executable, "manage.py", "worker"], stdout=output, stderr=output)
        try:
            from detection.models import Detection

            wait_for(Detection.objects.filter(state="done").exists)
            times, ended = measure(options.rounds), drained()
        finally:
            worker.terminate()
            worker.wait(timeout=60)
    for name, values in times.items():
        print(f"{name:<10} median {statistics.median(values):.2f} s, longest {max(values):.2f} s ({len(values)} times)")
    print(f"detections: {dict(ended)}")
    late = max(value for values in times.values() for value in values) >= 5
    return 1 if late or set(ended) != {"done"} else 0


if __name__ == "__main__":
    sys.exit(main())
