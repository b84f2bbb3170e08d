"""What the training process is told: paths, labels and numbers; nobody's name."""

import functools
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings

from detection import media_store
from learning.retraining.models import SnapshotItem, TrainingRun


def root() -> Path:
    """Where runs keep what they need between two attempts, and the features of confirmed items."""
    return Path(settings.DEEPFAKE_RETRAINING_ROOT)


def run_folder(run_id: int) -> Path:
    """One run's own: plan, checkpoint, log."""
    return root() / "runs" / str(run_id)


def version_name(run: TrainingRun) -> str:
    """The name of its candidate: the day on which the run was asked for, and its number."""
    return f"{run.created_at:%Y.%m.%d}-r{run.pk}"


def plan_for(run: TrainingRun) -> dict[str, Any]:
    """The plan as JSON; `ml_core.training.feedback_run.Plan` says what it means."""
    if run.parent is None or run.snapshot is None:
        raise ValueError(f"run {run.pk} has no parent or no snapshot")
    return {
        "models": str(settings.DEEPFAKE_MODELS),
        "parent": run.parent.name,
        "version": version_name(run),
        "folder": str(run_folder(run.pk)),
        "features": str(root() / "features"),
        "crops": str(root() / "crops"),
        "lessons": [_lesson(item) for item in run.snapshot.items.select_related("media")],
        "settings": {"kind": run.kind, "seed": run.seed, **settings.DEEPFAKE_RETRAIN_SETTINGS},
        "replay": [str(path) for path in settings.DEEPFAKE_REPLAY],
        "replay_limit": settings.DEEPFAKE_REPLAY_LIMIT,
        "threads": run.threads,
        "facts": {"run": run.pk, "snapshot": run.snapshot.digest, "seed": run.seed, "code": run.code_version},
    }


def _lesson(item: SnapshotItem) -> dict[str, Any]:
    """Deleted since it was frozen: the process is told a file that is not there, and leaves the item out."""
    media = item.media
    path = media_store.root() / str(media.file.name) if media else root() / "deleted"
    return {
        "id": item.sha256,
        "path": str(path),
        "sha256": item.sha256,
        "fake": item.fake,
        "weight": item.weight,
        "share": item.share,
        "kind": media.kind if media else "image",
        "format": media.format if media else "",
    }


@functools.cache
def code_version() -> str:
    """The commit that this is, where it is one; else nothing."""
    command = ["git", "-C", str(settings.BASE_DIR), "describe", "--always", "--dirty"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603  fixed words
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()[:64]
