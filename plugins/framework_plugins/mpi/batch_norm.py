"""Batch norm over the whole batch, though each process has a part of it (`--sync-batch-norm`).

Mean and variance are of all parts, in the forward pass and in its derivative: a process's gradient has what its rows do to
the other processes' losses, by their statistics. So numbers are those of one process with the whole batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import framework
from framework import nn
from framework.extend import Module, Operation, Tensor, no_grad, operation
from framework_plugins.mpi.sharding import Part
from framework_plugins.mpi.world import World

__all__ = ["synchronise"]


def synchronise(model: Module, world: World, part: Part) -> None:
    """Has every batch norm of a model take its statistics over all processes' parts, in training."""
    all_sum = _all_sum(world)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            vars(module)["forward"] = _forward(module, all_sum, part)


def _all_sum(world: World) -> Operation:
    """The sum of an array over all processes. `weight` is what this process's loss weighs among the losses."""

    def total(input: Any, weight: float) -> Any:
        found = np.array(input, order="C")
        world.all_reduce(found)
        return found

    def slope(g: Any, weight: float) -> Any:
        return made(g * weight, weight) / weight

    made: Operation = operation(total, name="mpi_all_sum", input=slope)
    return made


def _forward(module: Any, all_sum: Operation, part: Part) -> Callable[[Tensor], Tensor]:
    plain = module.forward

    def forward(input: Tensor) -> Tensor:
        if not module.training:
            return plain(input)
        module._check_input_dim(input)
        dims = [0, *range(2, input.ndim)]
        rows = 0.0 if part.empty else 1.0
        own = rows * input.numel() / input.shape[1]
        shape = [1, -1, *[1] * (input.ndim - 2)]
        count = all_sum(framework.tensor([own], dtype=input.dtype), 1.0).item()
        weight = max(own / count, 1e-30)
        mean = all_sum(rows * input.sum(dims), weight) / count
        centred = input - mean.reshape(shape)
        variance = all_sum(rows * (centred * centred).sum(dims), weight) / count
        _remember(module, mean, variance * (count / max(count - 1, 1)))
        result = centred / (variance + module.eps).sqrt().reshape(shape)
        if module.weight is not None:
            result = result * module.weight.reshape(shape) + module.bias.reshape(shape)
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
