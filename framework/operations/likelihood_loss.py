"""Losses of predicted distributions of numbers: `poisson_nll_loss` and `gaussian_nll_loss`."""

from __future__ import annotations

import math
from typing import Any

from framework.autograd.decisions import decide
from framework.autograd.dtypes import c_name
from framework.autograd.grad_mode import no_grad
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors
from framework.operations.creation import ones_like
from framework.operations.loss_reduction import read_reduction
from framework.operations.ranking_loss import reduce_losses

__all__ = ["gaussian_nll_loss", "poisson_nll_loss"]


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood of counts `target`, of which `input` is the predicted rate, or its logarithm.

    `full` adds Stirling's approximation of log(target!) where the target is over 1.
    """
    reduction = read_reduction(reduction, size_average, reduce)
    check_tensors("poisson_nll_loss", input=input, target=target)
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        factorial = target * target.log() - target + (target * (2 * math.pi)).log() * 0.5
        losses = losses + factorial.masked_fill(target <= 1, 0).to(losses.dtype)
    return reduce_losses(losses, reduction)


def _refuse_negative(variances: Any) -> None:
    if (variances < 0).any():
        raise ValueError("var has negative entry/entries")


def _variances(input: Tensor, var: Tensor | float) -> Tensor:
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        return var * ones_like(input)
    decide(_refuse_negative, var._array)
    return var


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood of `target` under normal distributions of means `input` and variances `var`.

    A variance under `eps` counts as `eps`, with the gradient of `var` as it is. `var` has the input's shape, or misses
    one dimension of it, or is a float. `full` adds the constant term. ValueError for negative variances and other shapes.
    """
    variances = _variances(input, var)
    shape, given = tuple(input.shape), tuple(variances.shape)
    if given != shape:
        if shape[:-1] == given:
            variances = variances.unsqueeze(-1)
        elif len(shape) != len(given) or sum(b for a, b in zip(shape, given, strict=True) if a != b) != 1:
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    if not variances.is_floating_point():
        raise RuntimeError(f"result type Float can't be cast to the desired output type {c_name(variances.dtype)}")
    variances = variances.clone()
    with no_grad():
        variances.clamp_(min=eps)
    losses = 0.5 * (variances.log() + (input - target) ** 2 / variances)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduce_losses(losses, reduction)
