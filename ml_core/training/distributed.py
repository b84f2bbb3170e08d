"""Training on several GPUs: `torchrun` starts a process for each, every process learns from its part of each batch.

Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training" (VLDB 2020). Gradients are
averaged, so that the processes together take the steps that one process would take with the whole batch. The batch
norms see the whole batch on GPUs; on CPUs, where PyTorch cannot do that, each process normalises its own part.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

PATIENCE = timedelta(hours=12)  # the first process may be busy for long with what only one can do


@contextmanager
def group() -> Iterator[None]:
    """Joins the processes that torchrun started and leaves together with them; without torchrun there is just one."""
    if not distributed.is_torchelastic_launched():
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
    try:
        yield
        distributed.barrier()
    finally:
        distributed.destroy_process_group()


def world() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Which of them this is, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def leads() -> bool:
    """Whether this is the process that writes checkpoints, curves and versions."""
    return rank() == 0


@contextmanager
def leader_first() -> Iterator[None]:
    """What is inside happens in the first process before the others: they find its files."""
    if world() > 1 and not leads():
        distributed.barrier()
    yield
    if world() > 1 and leads():
        distributed.barrier()


def part(count: int) -> slice:
    """This process's items of a batch of `count`: neighbours stay together, since they are pairs.

    Raises ValueError where the batch cannot be divided evenly: the average of the gradients would be another one.
    """
    if count % world():
        raise ValueError(f"a batch of {count} cannot be divided evenly among {world()} processes")
    size = count // world()
    return slice(rank() * size, (rank() + 1) * size)


def joined(module: nn.Module) -> nn.Module:
    """The module with gradients averaged over the processes; its parameters stay the same objects."""
    if world() == 1:
        return module
    if torch.cuda.is_available():
        nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]  # so shipped by torch
    return DistributedDataParallel(module)


def mean(values: Tensor) -> Tensor:
    """The mean over the processes, of tensors of one shape."""
    if world() > 1:
        distributed.all_reduce(values)
        values /= world()
    return values


def agree(step: int) -> int:
    """The step to go on with. Raises ValueError where the processes found different checkpoints."""
    if world() > 1:
        steps: list[int | None] = [None] * world()
        distributed.all_gather_object(steps, step)
        if len(set(steps)) > 1:
            raise ValueError(f"the processes found checkpoints of steps {steps}: put the run's folder on a shared disk")
    return step
