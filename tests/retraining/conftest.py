"""A champion, confirmed labels on many people's media, and a training process that plays its part."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from detection.models import MediaFile
from learning.feedback.models import LabelDecision, Subject
from learning.feedback.words import Source
from learning.registry import verification
from learning.registry.models import Evaluation, ModelVersion
from learning.registry.reconcile import reconcile
from learning.retraining import bridge, judging, services
from learning.retraining.models import TrainingRun
from tests.factories import jpeg_bytes, make_media, make_user
from tests.registry.versions import make_folder

Event = dict[str, Any]
STEP = {
    "loss": 0.7,
    "kl": 0.01,
    "grad_norm": 0.5,
    "reward": 0.25,
    "before": 0.4,
    "after": 0.45,
    "improved": 3,
    "items": 4,
}
LOOK = {"objective": 1.0, "loss": 0.8, "accuracy": 0.5, "kl": 0.0, "kept": False}


@pytest.fixture
def champion(db: None, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> ModelVersion:
    """The version `one`, in a folder without real weights."""
    settings.DEEPFAKE_MODELS = tmp_path / "models"
    settings.DEEPFAKE_RETRAINING_ROOT = tmp_path / "retraining"
    make_folder(settings.DEEPFAKE_MODELS, "one", champion=True)
    monkeypatch.setattr(verification, "load_in_child", lambda name: None)
    reconcile()
    return ModelVersion.objects.get(name="one")


def confirm(number: int, label: str = "", content: bytes | None = None, **fields: Any) -> MediaFile:
    """An upload of a person of its own about which a moderator decided a while ago."""
    owner = make_user(f"giver-{number}", date_joined=timezone.now() - timedelta(days=60))
    content = jpeg_bytes() + number.to_bytes(4, "big") if content is None else content
    media = make_media(owner, content, may_train=True, **fields)
    subject = Subject.objects.create(sha256=media.sha256, cluster=media.sha256)
    LabelDecision.objects.create(
        subject=subject,
        label=label or ("fake" if number % 2 else "real"),
        source=Source.MODERATOR,
        decided_at=timezone.now() - timedelta(hours=2),
    )
    return media


@pytest.fixture
def confirmed(roles: None) -> list[MediaFile]:
    """Twenty items, half of them fake."""
    return [confirm(number) for number in range(20)]


@pytest.fixture
def run(champion: ModelVersion, admin: User) -> TrainingRun:
    """A queued run."""
    return services.start_run(admin, TrainingRun.Trigger.BUTTON)


def story(run_id: int, *, improved: bool = True, steps: int = 3, first: int = 0) -> list[Event]:
    """What a training process tells that went well."""
    items = TrainingRun.objects.get(pk=run_id).snapshot
    assert items is not None
    rows = [
        {
            "id": item.sha256,
            "share": item.share,
            "error": "",
            "before": 0.2,
            "after": 0.9 if improved else 0.2,
        }
        for item in items.items.all()
    ]
    look = {"event": "look", **LOOK}
    result = {
        "event": "result",
        "improved": improved,
        "items": rows,
        "seconds": 1.5,
        "outcome": {"start": {"loss": 0.9}, "best": {"loss": 0.6}, "best_step": steps},
    }
    return [
        {"event": "looking", "done": 20, "total": 20},
        {"event": "training", "step": first, "steps": steps, "replay": 4},
        *([{**look, "step": 0}] if first == 0 else []),
        *({"event": "step", "number": number, **STEP} for number in range(first, steps)),
        {**look, "step": steps, "kept": True},
        {**result, **({"version": f"r{run_id}"} if improved else {})},
    ]


class Stage:
    """Plays the training process: `tell` gives its events; `then` is called before each."""

    def __init__(self) -> None:
        self.tell: Callable[[int], list[Event]] = story
        self.then: Callable[[Event], None] = lambda event: None
        self.killed = False
        self.plans: list[Path] = []

    @contextmanager
    def child(self, plan: Path, log: Path, threads: int) -> Iterator["Stage"]:
        """In the place of `TrainingChild`."""
        self.plans.append(plan)
        log.write_text("Traceback\nRuntimeError: out of memory\n")
        self.run_id = int(plan.parent.name)
        yield self

    def kill(self) -> None:
        self.killed = True

    def events(self) -> Iterator[Event]:
        for event in self.tell(self.run_id):
            self.then(event)
            if event.get("version"):
                from django.conf import settings

                make_folder(settings.DEEPFAKE_MODELS, event["version"], created="2026-11-26T10:00:00+00:00")
            yield event


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """No process, no torch: the rules around it are what is tested."""
    played = Stage()
    monkeypatch.setattr(bridge, "TrainingChild", played.child)
    return played


class Gate:
    """Plays the gate."""

    def __init__(self) -> None:
        self.passed = True
        self.then: Callable[[], None] = lambda: None
        self.trained: set[str] = set()

    def __call__(self, version: ModelVersion, *, trained: Any, started: Any, tell: Any) -> Evaluation:
        self.trained = set(trained)
        tell("answers the frozen sets")
        self.then()
        champion = ModelVersion.objects.get(state=ModelVersion.State.CHAMPION)
        reasons = [] if self.passed else [{"code": "auc", "text": "AUC on lab may have fallen."}]
        report = {"reasons": reasons, "slices": []}
        return Evaluation.objects.create(version=version, champion=champion, passed=self.passed, report=report)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Passes unless it is told otherwise."""
    played = Gate()
    monkeypatch.setattr(judging, "judge_version", played)
    return played
