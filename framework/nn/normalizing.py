"""Normalizations as layers call them: with running statistics before the parameters, and batches checked for size."""

from __future__ import annotations

from typing import Any

from framework import operations
from framework.autograd import Tensor

__all__ = ["batch_norm", "group_norm", "instance_norm"]


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Each channel (dimension 1) brought to mean 0 and variance 1, times `weight`, plus `bias`.

    In training by the batch's own statistics, of which the running ones take over the part `momentum`; else by those.
    ValueError for a batch of one value a channel in training, and for an `eps` that would divide by zero.
    """
    if training:
        _check_batch(input.size())
        if eps <= 0.0:
            raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    elif eps < 0.0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    return operations.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)


def _check_batch(size: Any) -> None:
    values = size[0]
    for each in size[2:]:
        values *= each
    if values == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """The channels (dimension 1) of each image in `num_groups` groups, each brought to mean 0 and variance 1.

    `weight` scales and `bias` shifts each channel. ValueError for groups of one value.
    """
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    shape = input.shape
    _check_batch([shape[0] * shape[1] // num_groups, num_groups, *shape[2:]])
    return operations.group_norm(input, num_groups, weight, bias, eps)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Each channel of each image brought to mean 0 and variance 1, times `weight`, plus `bias`.

    By its own statistics (`use_input_stats`), whose means over the batch go into the running ones; else by those.
    ValueError for one value a channel.
    """
    if use_input_stats:
        values = 1
        size = input.size()
        for each in size[2:]:
            values *= each
        if values == 1:
            raise ValueError(f"Expected more than 1 spatial element when training, got input size {size}")
    if (running_mean is None) != (running_var is None) and use_input_stats:
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    return operations.instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps)
