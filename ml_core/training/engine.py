"""The training loop of one member: pairs in, a checkpoint every few minutes, and the same curve when it goes on.

AdamW (Loshchilov & Hutter, ICLR 2019) with a linear warm-up, a constant rate and a linear decay to zero, so that a run
can be made longer without being begun again; gradients clipped at norm 1.0; bf16 autocast where it is faster; a loss
that is not finite stops the run.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from timm.layers.attention import Attention
from torch import Tensor, nn

from ml_core.models.member import Member
from ml_core.training import distil, distributed
from ml_core.training.distil import Notes

logger = logging.getLogger(__name__)

CLIP_NORM = 1.0
LABEL_SMOOTHING = 0.05
WARM_UP = 0.05  # share of the steps
DECAY = 0.3  # share of the steps over which the rate falls to zero


@dataclass(frozen=True, slots=True)
class Settings:
    """How long and how fast one member learns; `seed` and `batch` decide which items a step sees."""

    steps: int
    batch: int
    rate: float
    weight_decay: float = 0.05
    seed: int = 1
    save_every: int = 100
    head_rate: float = 10.0  # the new head learns this many times faster


@dataclass(frozen=True, slots=True)
class Step:
    """What a step is fed: model inputs, labels (B,), 1 = fake, and a teacher's logits (B, 2), NaN where unknown."""

    number: int
    inputs: Tensor
    labels: Tensor
    teacher: Tensor | None = None


class NonFiniteLoss(Exception):
    """The loss became infinite or not a number: lower the rate or look at the data."""


def best_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(device: torch.device) -> AbstractContextManager[None]:
    """bf16 where it is faster: on a GPU and with AMX. AVX512-BF16 alone was measured to be slower than float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_matrix_units(device))


def has_matrix_units(device: torch.device) -> bool:
    """Whether bf16 products are much faster there than float32 ones: what lies between them then takes the time."""
    return device.type == "cuda" or bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def fuse(member: Member, device: torch.device) -> None:
    """Compiles a member's blocks where that pays and a C++ compiler is there; names and weights stay the same.

    Measured with AMX on two cores: 14.8 pictures a second instead of 10.9 in training the last four of twelve blocks.
    """
    if not has_matrix_units(device) or not shutil.which("g++"):
        return
    for name, module in member.named_modules():
        if name.split(".")[-2:-1] == ["blocks"]:
            if device.type == "cpu" and any(parameter.requires_grad for parameter in module.parameters()):
                _plain_attention(module)
            module.compile(dynamic=False)  # two numbers of tokens at most: each has its own code


def _plain_attention(block: nn.Module) -> None:
    """On a CPU the fused attention's backward pass takes longer than two plain products."""
    for part in block.modules():
        if isinstance(part, Attention):
            part.fused_attn = False  # type: ignore[misc]  # Final for TorchScript, which is not used here


def rate_at(step: int, settings: Settings) -> float:
    """Learning rate of a step: linear warm-up, constant, linear decay to zero."""
    warm, fall = max(1, round(settings.steps * WARM_UP)), _fall(settings)
    return settings.rate * min(1.0, (step + 1) / warm, (settings.steps - step - 1) / fall)


def rate_falls(step: int, settings: Settings) -> bool:
    """Whether the step is in the last part of the run."""
    return settings.steps - step <= _fall(settings)


def _fall(settings: Settings) -> int:
    return max(1, round(settings.steps * DECAY))


def train(
    member: Member,
    batches: Callable[[int, int], Iterable[Step]],
    settings: Settings,
    checkpoint: Path,
    notes: Notes | None = None,
) -> Member:
    """Trains `member` in place up to `settings.steps`, from the checkpoint if there is one; returns it in eval mode.

    Its answers go to `notes`, for students (in one process: of several, each has only a part of the batch).

    `batches(first, last)` gives the steps; calling it again with the same numbers must give the same ones, in every
    process of a distributed training. Raises NonFiniteLoss.
    """
    device = best_device()
    member.to(device).train()
    fuse(member, device)
    optimizer = _optimizer(member, settings)
    first = distributed.agree(resume(member, optimizer, checkpoint))
    model = distributed.joined(member)
    progress = _Progress(checkpoint, settings, first) if distributed.leads() else None
    for step in batches(first, settings.steps):
        loss, correct, logits = _train_step(model, optimizer, step, settings, device)
        if progress is None:
            continue
        progress.report(step.number, loss, correct, len(step.labels))
        if notes is not None and len(logits) == len(step.labels):
            notes.write(step.number * len(logits) // 2, logits)
        if (step.number + 1) % settings.save_every == 0 or step.number + 1 == settings.steps:
            save(member, optimizer, step.number + 1, checkpoint)
            if notes is not None:
                notes.save()
    return member.eval()


def _train_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, step: Step, settings: Settings, device: torch.device
) -> tuple[float, float, Tensor]:
    """One update; loss and accuracy over the whole batch, the logits of this process's part.

    Dropout depends on seed, step and process alone.
    """
    torch.manual_seed(settings.seed * 1_000_003 + step.number + (distributed.rank() << 48))
    mine = distributed.part(len(step.labels))
    for group in optimizer.param_groups:
        group["lr"] = rate_at(step.number, settings) * group["factor"]
    labels = step.labels[mine].to(device)
    with autocast(device):
        logits = model(step.inputs[mine].to(device)).float()
        teacher = None if step.teacher is None else step.teacher[mine].to(device)
        loss = distil.loss(logits, labels, teacher, LABEL_SMOOTHING)
    correct = (logits.detach().argmax(dim=1) == labels).float().mean()
    figures = distributed.mean(torch.stack([loss.detach(), correct]))
    if not torch.isfinite(figures[0]):  # of all processes: they stop together
        raise NonFiniteLoss(f"step {step.number}: loss is {figures[0].item()}")
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # torch ships it without annotations
    nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], CLIP_NORM)
    optimizer.step()
    return figures[0].item(), figures[1].item(), logits.detach()


def _optimizer(member: Member, settings: Settings) -> torch.optim.Optimizer:
    """The head apart (it is new, the rest may be pretrained), norms and biases without decay."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in member.named_parameters():
        if parameter.requires_grad:
            factor = settings.head_rate if name.startswith("head.") else 1.0
            decay = 0.0 if parameter.ndim < 2 else settings.weight_decay
            groups.setdefault((factor, decay), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": p, "factor": factor, "weight_decay": decay} for (factor, decay), p in groups.items()],
        lr=settings.rate,
    )


def save(member: Member, optimizer: torch.optim.Optimizer, step: int, path: Path) -> None:
    """What learns, the buffers and AdamW's moments, in one safetensors file: temporary file, then rename."""
    learned = {name for name, parameter in member.named_parameters() if parameter.requires_grad}
    buffers = {name for name, _ in member.named_buffers()}
    tensors = {f"member.{n}": t for n, t in member.state_dict().items() if n in learned | buffers}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in state.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file({n: t.detach().cpu().contiguous() for n, t in tensors.items()}, part, metadata={"step": str(step)})
    part.rename(path)


def resume(member: Member, optimizer: torch.optim.Optimizer, path: Path) -> int:
    """Loads what `save` wrote; the step to go on with, 0 where there is nothing."""
    if not path.exists():
        return 0
    moments: dict[int, dict[str, Tensor]] = {}
    weights: dict[str, Tensor] = {}
    with safe_open(path, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118  (safe_open is no mapping)
            kind, rest = name.split(".", 1)
            if kind == "member":
                weights[rest] = file.get_tensor(name)
            else:
                index, key = rest.split(".")
                moments.setdefault(int(index), {})[key] = file.get_tensor(name)
        step = int(file.metadata()["step"])
    member.load_state_dict(weights, strict=False)
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    return step


def load_weights(member: Member, path: Path) -> Member:
    """Only the weights of a checkpoint into a member, in eval mode. Raises FileNotFoundError."""
    with safe_open(path, framework="pt") as file:
        names = [name for name in file.keys() if name.startswith("member.")]  # noqa: SIM118  (safe_open is no mapping)
        member.load_state_dict({name.split(".", 1)[1]: file.get_tensor(name) for name in names}, strict=False)
    return member.eval()


class _Progress:
    """A line now and then: loss, accuracy, throughput, time left; the curve goes to a file beside the weights."""

    def __init__(self, checkpoint: Path, settings: Settings, first: int) -> None:
        self.name, self.settings, self.first, self.start = checkpoint.stem, settings, first, time.monotonic()
        self.curve = checkpoint.with_suffix(".jsonl")
        self.recent: list[tuple[float, float]] = []
        self.items = 0
        self.curve.parent.mkdir(parents=True, exist_ok=True)
        if first == 0:
            self.curve.write_text(json.dumps(asdict(settings)) + "\n", encoding="utf-8")

    def report(self, step: int, loss: float, correct: float, items: int) -> None:
        """Counts a step, prints every twentieth."""
        self.recent.append((loss, correct))
        self.items += items
        if (step + 1) % 20 and step + 1 != self.settings.steps:
            return
        loss, correct = (float(value) for value in np.mean(self.recent, axis=0))
        spent = time.monotonic() - self.start
        left = spent / (step + 1 - self.first) * (self.settings.steps - step - 1)
        line = f"{self.name} {step + 1}/{self.settings.steps} loss {loss:.3f} accuracy {correct:.3f}"
        logger.info("%s %.1f items/s %.0f min left", line, self.items / spent, left / 60)
        with self.curve.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step + 1, "loss": loss, "accuracy": correct}) + "\n")
        self.recent = []


def as_inputs(
    pictures: NDArray[np.float32], labels: NDArray[np.int64], number: int, teacher: Tensor | None = None
) -> Step:
    """A step from arrays."""
    return Step(number, torch.from_numpy(pictures), torch.from_numpy(labels), teacher)
