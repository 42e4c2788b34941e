"""Normalizes each channel of each image alone: `instance_norm`."""

from __future__ import annotations

import math
from typing import Any

from framework.autograd.grad_mode import no_grad
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors
from framework.operations.batch_norm import batch_norm
from framework.operations.layer_norm import check_number, check_parameters
from framework.operations.row_norm import row_norm

__all__ = ["instance_norm"]

_instance_norm = row_norm("instance_norm", "ViewBackward0")


def _is_usual(input: Tensor, weight: Tensor | None, bias: Tensor | None, eps: Any) -> bool:
    """Whether an image's channels are rows of one type with their parameters: as a batch they are looked at closely."""
    x = input._array
    if x.ndim < 3 or 0 in x.shape or x.dtype.kind != "f" or x.dtype.itemsize == 2 or eps.__class__ is not float:
        return False
    given = [each._array for each in (weight, bias) if each is not None]
    return all([each.dtype == x.dtype and each.shape == x.shape[1:2] for each in given])


def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = True,
) -> Tensor:
    """Each channel of each image brought to mean 0 and variance 1, times `weight`, plus `bias`.

    By its own statistics (`use_input_stats`), whose means over the batch go into the running ones, if given; else by
    those.
    """
    check_tensors("instance_norm", input=input)
    named = {"weight": weight, "bias": bias, "running_mean": running_mean, "running_var": running_var}
    check_parameters("instance_norm", 2, **named)
    check_number("instance_norm", "momentum", 7, momentum)
    check_number("instance_norm", "eps", 8, eps)
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    if use_input_stats and running_mean is None and running_var is None and _is_usual(input, weight, bias, eps):
        shape = input._array.shape
        return _instance_norm.function(input, weight, bias, (*shape[:2], 1, math.prod(shape[2:])), eps, True)
    images, channels, rest = input.size(0), input.size(1), input.shape[2:]
    running = [None if each is None else each.repeat(images) for each in (running_mean, running_var)]
    scale, shift = (None if each is None else each.repeat(images) for each in (weight, bias))
    flat = input.contiguous().view(1, images * channels, *rest)
    out = batch_norm(flat, scale, shift, running[0], running[1], use_input_stats, momentum, eps)
    with no_grad():
        for each, repeated in ((running_mean, running[0]), (running_var, running[1])):
            if each is not None and repeated is not None and use_input_stats:
                each.copy_(repeated.view(images, channels).mean(0))
    return out.view(*input.shape)
