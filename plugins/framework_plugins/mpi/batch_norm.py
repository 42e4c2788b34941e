"""Batch norm over the whole batch, though each process has a part of it (`--sync-batch-norm`).

Mean and variance are of all parts, in the forward pass and in its derivative: a process's gradient has what its rows do to
the other processes' losses, by their statistics. For that, each loss is weighed before the backward pass. So numbers are
those of one process with the whole batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

import framework
from framework import nn
from framework.compiler import disable
from framework.extend import Module, Operation, Tensor, Trainer, UserError, no_grad, operation
from framework_plugins.mpi.sharding import Part
from framework_plugins.mpi.world import World

__all__ = ["synchronise"]


KINDS = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm


def synchronise(trainer: Trainer, world: World, part: Part) -> None:
    """Has every batch norm of a model take its statistics over all processes' parts, in training."""
    all_sum = _all_sum(world)
    trainer.parts.step = _weighed(trainer, world, part)
    kinds: dict[type, type] = {}
    for module in trainer.model.modules():
        if isinstance(module, KINDS):
            kind = type(module)
            if not any(kind.forward is each.forward for each in KINDS):
                raise UserError(
                    f"{kind.__name__} is a batch norm with a forward of its own, which cannot be synchronised."
                )
            if kind not in kinds:
                own = {"forward": _forward(kind, all_sum, part), "__module__": kind.__module__}
                kinds[kind] = type(kind.__name__, (kind,), own)
            module.__class__ = kinds[kind]


def _all_sum(world: World) -> Operation:
    """The sum of an array over all processes, each of whose losses depends on it."""

    def total(input: Any) -> Any:
        found = np.array(input, order="C")
        world.all_reduce(found)
        return found

    made: Operation = operation(total, name="mpi_all_sum", input=lambda g: made(g))
    return made


_scaled = operation(
    lambda input, by: input,
    name="mpi_scaled_gradient",
    input=lambda g, by: g * by,
)
"""The input as it is, its gradient scaled."""


def _weighed(trainer: Trainer, world: World, part: Part) -> Callable[[Any, Any], Mapping[str, Any]]:
    """The recipe's step, whose loss has the gradient that it has as a part of the whole batch's."""
    step, count = trainer.parts.step, trainer.parts.count

    @disable  # programs are made and checked when a process needs one, and the others would not be there
    def batch_norm_over_all_processes(model: Any, batch: Any) -> Mapping[str, Any]:
        outputs = step(model, batch)
        if not part.together:
            return outputs
        own = np.array(0.0 if part.empty else count(batch, outputs))
        whole = own.copy()
        world.all_reduce(whole)
        weight = float(own > 0) if trainer.summed else float(own / whole) if whole else 0.0
        return {**outputs, "loss": _scaled(outputs["loss"], weight)}

    return lambda model, batch: (batch_norm_over_all_processes if model.training else step)(model, batch)


def _forward(kind: Any, all_sum: Operation, part: Part) -> Callable[[Any, Tensor], Tensor]:
    """The forward pass of a kind of batch norm.

    A process that looks at a batch by itself takes the statistics there were, or its own where these have spoilt all others'.
    """
    known: WeakKeyDictionary[Module, tuple[Tensor, Tensor]] = WeakKeyDictionary()

    def forward(self: Any, input: Tensor) -> Tensor:
        if not self.training:
            result: Tensor = kind.forward(self, input)
            return result
        self._check_input_dim(input)
        dims, shape = [0, *range(2, input.ndim)], [1, -1, *[1] * (input.ndim - 2)]
        if part.together:
            rows = 0.0 if part.empty else 1.0
            count = all_sum(framework.tensor([rows * input.numel() / input.shape[1]], dtype=input.dtype)).item()
            mean = all_sum(rows * input.sum(dims)) / count
            centred = input - mean.reshape(shape)
            variance = all_sum(rows * (centred * centred).sum(dims)) / count
            _remember(self, mean, variance * (count / max(count - 1, 1)))
            known[self] = mean.detach(), variance.detach()
        else:
            mean, variance = known[self]
            if not (mean + variance).isfinite().all():
                mean, variance = input.mean(dims), input.var(dims, correction=0)
            centred = input - mean.reshape(shape)
        result = centred / (variance + self.eps).sqrt().reshape(shape)
        if self.weight is not None:
            result = result * self.weight.reshape(shape) + self.bias.reshape(shape)
        return result

    return forward


@no_grad()
def _remember(module: Any, mean: Tensor, variance: Tensor) -> None:
    """The running statistics move to those of this batch, as batch norm's own do."""
    if not module.track_running_stats or module.running_mean is None:
        return
    module.num_batches_tracked += 1
    momentum = module.momentum if module.momentum is not None else 1 / module.num_batches_tracked.item()
    for running, now in ((module.running_mean, mean), (module.running_var, variance)):
        running.mul_(1 - momentum).add_(now.detach(), alpha=momentum)
