"""Heads learn in standardised features: without it the few directions of large variance take every step for themselves.

A step of SGD on a head over z = (x − μ) / σ is, for the head over x, a step with the gradient G = (∂W − ∂b μᵀ) / σ
turned back to G / σ for the weight and ∂b − (G / σ) μ for the bias. The norm is clipped in between, where all
features count alike. Nothing of it is stored: the head that comes out is an ordinary one.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from ml_core.training.policy import Features, Policy

FLOOR = 0.05  # of the mean variance, added to each: a feature that hardly moves must not be blown up
LEAST = 8  # items: fewer have no spread worth the name


class Conditioner:
    """Mean and spread of what goes into each head, over the items of a run; heads nobody used stay as they are."""

    def __init__(self, policy: Policy, features: Sequence[Features]) -> None:
        self._heads = [(head, *_moments(inputs)) for head, inputs in _inputs(policy, features) if len(inputs) >= LEAST]

    def standardise(self) -> None:
        """Gradients as they would be over standardised features."""
        for head, mean, spread in self._heads:
            weight, bias = _gradients(head)
            weight.sub_(bias[:, None] * mean).div_(spread)

    def restore(self) -> None:
        """The same step in the head's own coordinates."""
        for head, mean, spread in self._heads:
            weight, bias = _gradients(head)
            weight.div_(spread)
            bias.sub_(weight @ mean)


def _gradients(head: nn.Linear) -> tuple[Tensor, Tensor]:
    if head.weight.grad is None or head.bias.grad is None:  # a member that answered nothing in this step
        head.weight.grad, head.bias.grad = torch.zeros_like(head.weight), torch.zeros_like(head.bias)
    return head.weight.grad, head.bias.grad


def _moments(inputs: Tensor) -> tuple[Tensor, Tensor]:
    variance = inputs.var(dim=0, unbiased=False)
    return inputs.mean(dim=0), (variance + FLOOR * variance.mean() + 1e-12).sqrt()


@torch.no_grad()
def _inputs(policy: Policy, features: Sequence[Features]) -> Iterator[tuple[nn.Linear, Tensor]]:
    """Every head with all that goes into it, (N, F)."""
    for name in policy.members:
        member = policy.member(name)
        head = member.head
        if not isinstance(head, nn.Linear):
            raise TypeError(f"the head of {name} is not a linear layer")
        seen: list[Tensor] = []
        hook = head.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0]))
        for item in features:
            if name in item.frames:
                member.forward_head(item.frames[name])
            elif name == "lstm" and item.course is not None:
                member.forward_head(item.course[None])
        hook.remove()
        yield head, torch.cat(seen) if seen else torch.zeros(0, head.in_features)
