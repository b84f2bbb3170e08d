"""Learning from feedback: the steps do what the recipe says, keep what is better, and come out the same every time."""

import functools
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from ml_core.checkpoints import LoadedVersion, load_version
from ml_core.training.candidate import write_candidate
from ml_core.training.crops import Crops
from ml_core.training.feedback import (
    CLIP_NORM,
    Example,
    FineTuning,
    Lessons,
    Look,
    NonFinite,
    Settings,
    Step,
    divergence,
    reward,
)
from ml_core.training.lessons import Lesson
from ml_core.training.policy import Features, Kind, Policy
from tests.ml_core.training.toy import picture

# Twenty steps are few: they may go far from the champion.
SETTINGS = Settings(least_steps=20, epochs=1, batch=4, replay=4, save_every=5, seed=7, kl_weight=200)


@pytest.fixture(scope="module")
def champion(tiny_root: Path) -> LoadedVersion:
    return load_version(tiny_root, "tiny")


@pytest.fixture(autouse=True)
def deterministic() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def crops_of(lesson: Lesson) -> Crops:
    return picture(lesson.fake, int(lesson.id))[None]


@pytest.fixture(scope="module")
def example(champion: LoadedVersion) -> Callable[[int], Example]:
    """Item number n as the champion sees it; even numbers are fake."""
    policy = Policy(champion)
    sizes = {"cnn": 80, "resnext": 2048, "vit": 48}
    generator = torch.Generator().manual_seed(1)
    fake_looks_like = {name: torch.rand(1, size, generator=generator) for name, size in sizes.items()}

    @functools.cache
    def make(number: int) -> Example:
        """Noise, and in fakes the same direction every time."""
        lesson = Lesson(str(number), Path("-"), f"{number:064x}", number % 2 == 0)
        own = torch.Generator().manual_seed(number)
        frames = {
            name: 0.5 * torch.randn(1, size, generator=own) + lesson.fake * fake_looks_like[name]
            for name, size in sizes.items()
        }
        with torch.no_grad():
            return Example(lesson, Features(frames), policy([Features(frames)]).item())

    return make


@pytest.fixture(scope="module")
def lessons(example: Callable[[int], Example]) -> Lessons:
    return Lessons(*([example(number) for number in part] for part in (range(8), range(20, 24), range(40, 44), [60])))


class Heard:
    """What a run told."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.looks: list[Look] = []


def tune(
    champion: LoadedVersion,
    lessons: Lessons,
    checkpoint: Path,
    settings: Settings = SETTINGS,
    stop_after: int | None = None,
) -> tuple[Policy, Heard, FineTuning]:
    policy, heard = Policy(champion, settings.kind), Heard()
    live = (lambda lesson: policy.look(crops_of(lesson))) if settings.kind == "full" else None
    tuning = FineTuning(policy, lessons, settings, checkpoint, live)

    def step(one: Step) -> None:
        heard.steps.append(one)
        if stop_after is not None and one.number >= stop_after:
            raise KeyboardInterrupt

    tuning.run(step, heard.looks.append)
    return policy, heard, tuning


def test_it_learns_what_the_labels_say_and_keeps_it_only_because_held_out_items_agree(
    champion: LoadedVersion, lessons: Lessons, tmp_path: Path
) -> None:
    _, heard, tuning = tune(champion, lessons, tmp_path / "run.safetensors")
    outcome = tuning.run(heard.steps.append, heard.looks.append)
    assert len(heard.steps) == 20
    assert outcome.improved
    assert outcome.held_out
    assert outcome.best.objective < outcome.start.objective
    assert outcome.best.loss < outcome.start.loss


def test_every_step_says_loss_divergence_gradient_and_reward(
    champion: LoadedVersion, lessons: Lessons, tmp_path: Path
) -> None:
    _, heard, _ = tune(champion, lessons, tmp_path / "run.safetensors")
    first, last = heard.steps[0], heard.steps[-1]
    assert first.kl == pytest.approx(0, abs=1e-6)
    assert last.kl > 0
    assert all(step.grad_norm > 0 and -1 <= step.reward <= 1 for step in heard.steps)
    assert sum(step.improved for step in heard.steps) > sum(step.items for step in heard.steps) / 2


def test_the_plain_recipe_is_what_a_step_does(champion: LoadedVersion, lessons: Lessons, tmp_path: Path) -> None:
    """One item, no replay, rate 1e-5: forward in evaluation mode, clip at 1.0, SGD; by hand and by the run."""
    plain = replace(
        SETTINGS, least_steps=1, batch=1, rates=dict.fromkeys(("deep", "heads", "gate", "calibration"), 1e-5)
    )
    by_hand, by_run = Policy(champion), Policy(champion)
    one = lessons.train[:1]
    FineTuning(by_run, Lessons(one, [], [], []), plain, tmp_path / "plain.safetensors").run(
        lambda step: None, lambda look: None
    )
    loss = functional.binary_cross_entropy_with_logits(by_hand([one[0].features]), torch.tensor([1.0]))
    loss.backward()  # type: ignore[no-untyped-call]
    moving = dict(by_hand.moving())
    torch.nn.utils.clip_grad_norm_(list(moving.values()), CLIP_NORM)
    torch.optim.SGD(moving.values(), lr=1e-5).step()
    assert all(torch.equal(value, moving[name]) for name, value in by_run.moving())


def test_a_small_run_moves_heads_gate_and_calibration_and_nothing_deep(
    champion: LoadedVersion, lessons: Lessons, tmp_path: Path
) -> None:
    policy, _, _ = tune(champion, lessons, tmp_path / "run.safetensors")
    before = Policy(champion).state_dict()
    moved = {name for name, value in policy.state_dict().items() if not torch.equal(value, before[name])}
    assert {"bias", "log_temperature", "gate.fusion.weight", "members.vit.head.weight"} <= moved
    assert all(name.split(".", 2)[2].startswith(("head.", "hidden.")) for name in moved if name.startswith("members."))


def test_a_full_run_moves_deep_layers_but_not_what_is_frozen(
    champion: LoadedVersion, lessons: Lessons, tmp_path: Path
) -> None:
    full: Kind = "full"
    settings = replace(
        SETTINGS, kind=full, least_steps=1, save_every=1, batch=2, replay=1, rates={**SETTINGS.rates, "deep": 1e-3}
    )
    policy, _, _ = tune(champion, lessons, tmp_path / "run.safetensors", settings)
    before = Policy(champion).state_dict()
    moved = {name for name, value in policy.state_dict().items() if not torch.equal(value, before[name])}
    assert any(name.startswith("members.resnext.backbone.layer4") for name in moved)
    assert not any(name.startswith(("members.vit.trunk.patch_embed", "members.vit.trunk.blocks.0")) for name in moved)
    assert not any("running_mean" in name for name in moved)


@pytest.mark.parametrize("stop", [0, 9, 10, 18])
def test_a_run_killed_anywhere_ends_like_one_that_was_not(
    champion: LoadedVersion, lessons: Lessons, tmp_path: Path, stop: int
) -> None:
    whole, heard, _ = tune(champion, lessons, tmp_path / "whole.safetensors")
    with pytest.raises(KeyboardInterrupt):
        tune(champion, lessons, tmp_path / "cut.safetensors", stop_after=stop)
    resumed, again, _ = tune(champion, lessons, tmp_path / "cut.safetensors")
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items())
    assert again.steps == heard.steps[again.steps[0].number :]
    assert again.steps[0].number <= stop


def test_a_broken_checkpoint_is_no_checkpoint(champion: LoadedVersion, lessons: Lessons, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    path.write_bytes(b"\x00" * 20)
    _, heard, _ = tune(champion, lessons, path)
    assert heard.steps[0].number == 0


def test_the_candidate_on_disk_is_the_policy_to_the_bit_and_shares_its_parents_files(
    champion: LoadedVersion, lessons: Lessons, tiny_root: Path, tmp_path: Path
) -> None:
    policy, _, _ = tune(champion, lessons, tmp_path / "run.safetensors")
    manifest = write_candidate(tiny_root, champion, policy, "tiny-r1", {"seed": 7})
    loaded = load_version(tiny_root, "tiny-r1")
    for name, member in loaded.members.items():
        ours = policy.member(name).state_dict()
        assert all(torch.equal(value, ours[key]) for key, value in member.state_dict().items())
    assert loaded.calibration == policy.calibration()
    assert manifest["parent"] == "tiny"
    parents = {file["path"] for file in champion.manifest["members"]["vit"]["files"]}
    assert parents < {file["path"] for file in manifest["members"]["vit"]["files"]}
    own = sum(path.stat().st_size for path in (tiny_root / "tiny-r1").glob("*.safetensors"))
    assert own < sum(path.stat().st_size for path in (tiny_root / "tiny").glob("*.safetensors")) / 4


def test_a_second_candidate_replaces_the_first_ones_heads_instead_of_stacking_on_them(
    champion: LoadedVersion, lessons: Lessons, tiny_root: Path, tmp_path: Path
) -> None:
    policy, _, _ = tune(champion, lessons, tmp_path / "run.safetensors")
    write_candidate(tiny_root, champion, policy, "tiny-a", {})
    parent = load_version(tiny_root, "tiny-a")
    again, _, _ = tune(parent, lessons, tmp_path / "again.safetensors")
    manifest = write_candidate(tiny_root, parent, again, "tiny-b", {})
    files = [file["path"] for file in manifest["members"]["vit"]["files"]]
    assert "tiny-a/vit.safetensors" not in files
    assert files[-1] == "tiny-b/vit.safetensors"


def test_the_policy_answers_as_scoring_does(
    champion: LoadedVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six frames: robust means, LSTM, gate, temperature and bias, against the numpy path of evaluation."""
    monkeypatch.setattr("ml_core.training.answers.autocast", lambda device: nullcontext())  # float32, as the policy
    from ml_core.training import gating
    from ml_core.training.answers import Answers, judge
    from ml_core.training.manifest import Item

    clip = np.stack([picture(number % 3 == 0, number) for number in range(6)])
    policy = Policy(champion)
    logits, present = np.zeros((1, 4, 2), np.float32), np.zeros((1, 4), bool)
    (answer,) = judge(champion.members, [clip])
    for position, name in enumerate(("cnn", "resnext", "vit", "lstm")):
        logits[0, position], present[0, position] = answer[name], True
    item = Item(tmp_path, True, "", "", "", "val", "")
    fused, _ = gating.fuse(champion.gate, Answers([item], logits, present, {}))
    with torch.no_grad():
        p_fake = torch.sigmoid(policy([policy.look(clip)])).item()
    assert p_fake == pytest.approx(float(champion.calibration.p_fake(fused)[0]), abs=1e-5)


def test_a_loss_that_is_not_a_number_stops_the_run(champion: LoadedVersion, lessons: Lessons, tmp_path: Path) -> None:
    policy = Policy(champion)
    bad = lessons.train[:4]
    broken = replace(bad[0], lesson=replace(bad[0].lesson, weight=float("nan")))
    tuning = FineTuning(policy, Lessons([broken, *bad[1:]], [], [], []), SETTINGS, tmp_path / "run.safetensors")
    with pytest.raises(NonFinite):
        tuning.run(lambda step: None, lambda look: None)


def test_reward_is_agreement_times_trust() -> None:
    odds, labels = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1.0, 1.0, 0.0])
    assert reward(odds, labels, torch.tensor([1.0, 0.5, 0.25])) == pytest.approx((1 - 0.5 - 0.25) / 3)


def test_the_divergence_is_that_of_two_coins() -> None:
    p, q = torch.tensor([0.9, 0.2]), torch.tensor([0.6, 0.2])
    expected = functional.kl_div(torch.stack([q, 1 - q]).log(), torch.stack([p, 1 - p]), reduction="none").sum(dim=0)
    assert torch.allclose(divergence(torch.logit(p), torch.logit(q)), expected, atol=1e-6)
