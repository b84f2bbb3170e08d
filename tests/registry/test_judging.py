"""From a candidate to the report: what is asked, what is stored, who hears of it, and what is kept from training."""

import csv
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from detection.models import AuditEvent
from learning.registry import evaluation, notices, panels, pointer, scores
from learning.registry import frozen as frozen_module
from learning.registry.errors import RegistryError
from learning.registry.evaluation import score
from learning.registry.frozen import register_missing, register_set
from learning.registry.judging import ask_for_judgement, judge_version
from learning.registry.models import FrozenItem, FrozenSet, ModelVersion
from learning.registry.panels import Panel
from learning.registry.selectors import frozen_hashes
from ml_core.evaluation.scores import COLUMNS
from tests.moderation.cases import decide, make_case
from tests.tiny import make_tiny_version

State = ModelVersion.State


def make_data(folder: Path, pairs: int = 40) -> Path:
    """A manifest of files that nobody decodes here."""
    lines = []
    for number in range(pairs):
        for label in ("real", "fake"):
            (folder / f"{label}{number}.png").write_bytes(f"{label} {number}".encode())
            lines.append(
                [f"{label}{number}.png", label, "lab", "swap", f"g{number}", "test" if number % 2 else "train"]
            )
    manifest = folder / "lab.csv"
    with manifest.open("w", newline="") as file:
        csv.writer(file).writerows([["path", "label", "source", "family", "group", "split"], *lines])
    return manifest


@pytest.fixture
def frozen(one: ModelVersion, tmp_path: Path) -> FrozenSet:
    folder = tmp_path / "data"
    folder.mkdir()
    return register_set("lab-test", make_data(folder, 160), "test")


class FakeScoring:
    """Versions that answer by formula: `two` better or worse than `one` by as much as is wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.shift = folder, 1.0
        self.asked: list[tuple[str, str]] = []

    def __call__(self, version: str, panel: Panel, started: Any = None) -> Path:
        self.asked.append((version, panel.name))
        path = self.folder / f"{version}-{panel.name}.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            for number, item in enumerate(panel.items):
                logit = np.random.default_rng(number).normal(1 if item.fake else -1, 1)
                logit += (self.shift if version == "two" else 0.0) * (0.2 if item.fake else -0.2)
                writer.writerow(self.row(item, 1 / (1 + np.exp(-2 * logit))))
        return path

    def row(self, item: Any, p: float) -> dict[str, Any]:
        base = {"path": item.path, "label": "fake" if item.fake else "real", "source": item.source}
        said = "FAKE" if p > 0.9 else "INCONCLUSIVE"
        more = {"family": item.family, "group": item.group, "status": "ok", "p_fake": p, "label_given": said}
        return dict.fromkeys(COLUMNS, "") | base | more


@pytest.fixture
def scoring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeScoring:
    fake = FakeScoring(tmp_path)
    monkeypatch.setattr(evaluation, "score", fake)
    return fake


def test_a_better_candidate_is_ready(frozen: FrozenSet, two: ModelVersion, scoring: FakeScoring) -> None:
    row = judge_version(two)
    assert row.passed, row.report["reasons"]
    assert (row.champion.name, row.sets) == ("one", {"lab-test": panels.of_set(frozen).digest})
    assert (two.state, pointer.named()) == (State.CANDIDATE, "one")  # promotion by itself is off


def test_a_worse_one_is_refused_with_reasons(frozen: FrozenSet, two: ModelVersion, scoring: FakeScoring) -> None:
    scoring.shift = -1.0
    assert not judge_version(two).passed
    two.refresh_from_db()
    assert two.state == State.REFUSED
    assert "auc" in {reason["code"] for reason in two.reasons}
    assert AuditEvent.objects.get(verb="version_judged").data["passed"] is False


def test_promotion_by_itself_where_the_site_wants_it(
    frozen: FrozenSet, two: ModelVersion, scoring: FakeScoring, settings: Settings
) -> None:
    settings.DEEPFAKE_AUTO_PROMOTE = True
    judge_version(two)
    assert pointer.named() == "two"


def test_without_held_out_data_nothing_is_judged(two: ModelVersion) -> None:
    with pytest.raises(RegistryError, match="no_frozen_sets"):
        judge_version(two)


def test_administrators_are_written_to(
    frozen: FrozenSet, two: ModelVersion, scoring: FakeScoring, admin: User, owner: User
) -> None:
    row = judge_version(two)
    assert OrmQ.objects.filter(key="light").count() == 1
    assert notices.announce(row.pk) == 1
    assert mail.outbox[0].to == [admin.email]
    assert "is ready" in mail.outbox[0].subject


def test_a_judgement_is_work_for_the_training_cluster(two: ModelVersion, admin: User) -> None:
    ask_for_judgement(two, admin)
    assert OrmQ.objects.filter(key="training").count() == 1
    with pytest.raises(RegistryError, match="wrong_state"):
        ask_for_judgement(two.parent or two, admin)


class TestFrozen:
    def test_every_item_of_the_split_and_no_other(self, frozen: FrozenSet) -> None:
        assert frozen.items.count() == 160
        assert {item.name[4:] for item in frozen.items.all()} == {f"{number}.png" for number in range(1, 160, 2)}

    def test_a_copy_under_another_name_is_known_by_its_content(self, frozen: FrozenSet, tmp_path: Path) -> None:
        import hashlib

        assert hashlib.sha256(b"fake 7").hexdigest() in frozen_hashes()
        assert hashlib.sha256(b"fake 8").hexdigest() not in frozen_hashes()

    def test_again_is_the_same_and_other_items_are_refused(self, frozen: FrozenSet, tmp_path: Path) -> None:
        manifest = Path(frozen.manifest)
        assert register_set("lab-test", manifest, "test").pk == frozen.pk
        (manifest.parent / "fake7.png").write_bytes(b"something else")
        with pytest.raises(RegistryError, match="set_exists"):
            register_set("lab-test", manifest, "test")
        with pytest.raises(RegistryError, match="empty_set"):
            register_set("other", manifest, "val")

    def test_the_limit_is_of_the_scoring_not_of_what_is_frozen(self, frozen: FrozenSet) -> None:
        frozen.limit = 10
        assert len(panels.of_set(frozen).items) == 20
        assert panels.of_set(frozen).items == panels.of_set(frozen).items

    def test_the_command_takes_the_splits_that_are_there(self, one: ModelVersion, tmp_path: Path) -> None:
        call_command("register_frozen_sets", str(make_data(tmp_path, 4)), verbosity=0)
        assert list(FrozenSet.objects.values_list("name", "role")) == [("lab-test", "holdout")]


class TestSetup:
    """What `manage.py setup` does at every start."""

    def said(self, *manifests: Path) -> list[str]:
        return list(register_missing(manifests))

    def test_it_works(self, one: ModelVersion, tmp_path: Path) -> None:
        manifest = make_data(tmp_path, 4)
        assert self.said(manifest) == ["frozen set lab-test: 4 items"]
        assert self.said(manifest) == []

    def test_what_is_registered_is_not_looked_at_again(
        self, one: ModelVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        manifest = make_data(tmp_path, 4)
        self.said(manifest)
        monkeypatch.setattr(frozen_module, "_sha256", lambda path: pytest.fail("hashed again"))
        assert self.said(manifest) == []

    def test_a_manifest_that_cannot_be_used_stops_nothing(self, one: ModelVersion, tmp_path: Path) -> None:
        (tmp_path / "one").mkdir()
        bad = make_data(tmp_path / "one", 4).rename(tmp_path / "one" / "gone.csv")
        (tmp_path / "one" / "real1.png").unlink()
        first, second = self.said(bad, tmp_path / "none.csv", make_data(tmp_path, 4))
        assert first.startswith(f"{bad} was not frozen: ")
        assert second == "frozen set lab-test: 4 items"
        assert FrozenSet.objects.count() == 1

    def test_without_data_it_is_silent(self, db: None, settings: Settings, tmp_path: Path) -> None:
        settings.BASE_DIR, settings.DEEPFAKE_FROZEN = tmp_path, []
        output = io.StringIO()
        call_command("register_frozen_sets", missing=True, stdout=output)
        assert output.getvalue() == ""


def decided(owner: User, moderator: User, verdict: str, sha256: str) -> str:
    from tests.factories import make_media

    case = make_case(owner, media=make_media(owner, sha256=sha256))
    decide(case, moderator, verdict)
    case.decided_at = timezone.now() - timezone.timedelta(hours=1)  # type: ignore[attr-defined]
    case.save()
    return sha256


class TestDecisions:
    """A fifth of what moderators decided is never trained on; all of it is asked."""

    @pytest.fixture
    def hashes(self, frozen: FrozenSet, owner: User, moderator: User) -> tuple[str, str, str]:
        held, open_, unsure = "00000005" + "a" * 56, "00000006" + "b" * 56, "0000000a" + "c" * 56
        for verdict, sha256 in (("fake", held), ("real", open_), ("cannot_tell", unsure)):
            decided(owner, moderator, verdict, sha256)
        return held, open_, unsure

    def asked(self, **fields: Any) -> dict[str, int]:
        return {panel.role: len(panel.items) for panel in panels.panels(**fields)}

    def test_held_out_by_content(self, hashes: tuple[str, str, str]) -> None:
        held, open_, unsure = hashes
        assert held in frozen_hashes()
        assert unsure in frozen_hashes()  # it may be decided again one day
        assert open_ not in frozen_hashes()
        assert self.asked() == {"holdout": 160, "regression": 1, "fit": 1}
        assert FrozenItem.objects.get(frozen_set__name="decisions").sha256 == held

    def test_what_was_learned_from_all_the_same_is_no_held_out_item(self, hashes: tuple[str, str, str]) -> None:
        assert self.asked(trained={hashes[0]}) == {"holdout": 160, "fit": 2}

    def test_they_count_in_the_report(
        self, hashes: tuple[str, str, str], two: ModelVersion, scoring: FakeScoring
    ) -> None:
        report = judge_version(two).report
        assert {check["code"]: check["items"] for check in report["checks"]}["regression"] == 1
        assert (report["improvement"]["items"], report["fit"]["items"]) == (161, 1)


@pytest.mark.processes
def test_real_answers_are_kept_and_gone_on_with(db: None, tmp_path: Path, settings: Settings) -> None:
    """The tiny ensemble, in a process of its own; the second call asks nothing."""
    from tests.ml_core.training.toy import make_manifest

    settings.DEEPFAKE_MODELS, settings.DEEPFAKE_EVALUATIONS = tmp_path / "models", tmp_path / "evaluations"
    make_tiny_version(settings.DEEPFAKE_MODELS, "tiny")
    row = register_set("toy", make_manifest(tmp_path, ("test",) * 2), "test")
    kills: list[Any] = []
    path = score("tiny", panels.of_set(row), kills.append)
    read = scores.read(path, "toy", "holdout")
    assert (len(read), len(kills)) == (4, 1)
    assert not np.isnan(read.p).all() or {*read.p}
    assert score("tiny", panels.of_set(row), kills.append) == path
    assert len(kills) == 1


def test_a_scoring_that_fails_has_a_name(
    tmp_path: Path, settings: Settings, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEEPFAKE_EVALUATIONS = tmp_path / "evaluations"
    monkeypatch.setattr(
        evaluation, "_command", lambda *words: [sys.executable, "-c", "import sys; print('no memory'); sys.exit(2)"]
    )
    with pytest.raises(RegistryError, match=r"evaluation_failed.*no memory"):
        score("one", Panel("none", "holdout", ()))
