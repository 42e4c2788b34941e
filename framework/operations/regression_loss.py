"""Losses of predicted numbers: squared, absolute and in between, and of predicted distributions (`kl_div`)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.loss_reduction import read_reduction, reduced, size_differs, spread

__all__ = ["huber_loss", "kl_div", "l1_loss", "mse_loss", "smooth_l1_loss"]


@operation(promote="common")
def _mse_loss(input: Any, target: Any, reduction: str) -> Any:
    difference = input - target
    return reduced(difference * difference, reduction)


def _mse_gradient(g: Any, input: Any, target: Any, reduction: str) -> Any:
    difference = input - target
    return difference * (spread(g, difference, reduction) * 2.0)


_mse_loss.add_derivative(_mse_gradient, "input")
_mse_loss.add_derivative(lambda g, input, target, reduction: _mse_gradient(g, target, input, reduction), "target")


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The squared difference, averaged ("mean"), summed ("sum") or for each element ("none").

    Warns where the shapes differ. `weight`, of the input's shape, makes the mean a weighted one.
    """
    size_differs(input, target)
    reduction = read_reduction(reduction, size_average, reduce)
    _refuse_integers(input, target, "mse_cpu")
    if weight is not None:
        return _weighted(_mse_loss(input, target, "none"), weight, input, reduction)
    return _mse_loss(input, target, reduction)


def _weighted(losses: Tensor, weight: Tensor, input: Tensor, reduction: str) -> Tensor:
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")
    losses = losses * weight
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / weight.sum()


def _refuse_integers(input: Tensor, target: Tensor, kernel: str) -> None:
    kinds = input._array.dtype.kind + target._array.dtype.kind
    if "f" not in kinds:
        kind = dtypes.from_numpy(dtypes.result_dtype([input._array, target._array]))
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{kind.scalar_name}'")


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The absolute difference, averaged ("mean"), summed ("sum") or for each element ("none").

    Warns where the shapes differ. `weight`, of the input's shape, makes the mean a weighted one.
    """
    size_differs(input, target)
    reduction = read_reduction(reduction, size_average, reduce)
    losses = (input - target).abs()
    if weight is not None:
        return _weighted(losses, weight, input, reduction)
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()


# What grows with the square inside a bound and linearly outside is written with the difference clipped to the bound:
# np.where takes twenty times as long where the two are mixed.
_clipped = operation(
    lambda input, bound: np.clip(input, -bound, bound),
    name="clipped",
    input=lambda g, input, bound: g * (np.absolute(input) < bound),
)


def _huber(input: Any, target: Any, bound: float) -> Any:
    size = np.absolute(input - target)
    clipped = np.minimum(size, bound)
    return clipped * (size - clipped * 0.5)


@operation(promote="common", name="smooth_l1_loss", grad_fn="SmoothL1LossBackward0")
def _smooth_l1_loss(input: Any, target: Any, reduction: str, beta: float) -> Any:
    return reduced(_huber(input, target, beta) * (1.0 / beta), reduction)


def _smooth_l1_gradient(g: Any, input: Any, target: Any, reduction: str, beta: float) -> Any:
    difference = input - target
    return _clipped(difference, beta) * (spread(g, difference, reduction) * (1.0 / beta))


_smooth_l1_loss.add_derivative(_smooth_l1_gradient, "input")
_smooth_l1_loss.add_derivative(
    lambda g, input, target, reduction, beta: _smooth_l1_gradient(g, target, input, reduction, beta), "target"
)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """The absolute difference less `beta / 2`; where it is below `beta`, half its square over `beta`."""
    size_differs(input, target)
    reduction = read_reduction(reduction, size_average, reduce)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return l1_loss(*_expanded(input, target), reduction=reduction)
    _refuse_integers(input, target, "smooth_l1_cpu")
    return _smooth_l1_loss(input, target, reduction, beta)


def _expanded(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    shape = np.broadcast_shapes(input._array.shape, target._array.shape)
    return input.expand(shape), target.expand(shape)


@operation(promote="common")
def _huber_loss(input: Any, target: Any, reduction: str, delta: float) -> Any:
    return reduced(_huber(input, target, delta), reduction)


def _huber_gradient(g: Any, input: Any, target: Any, reduction: str, delta: float) -> Any:
    difference = input - target
    return _clipped(difference, delta) * spread(g, difference, reduction)


_huber_loss.add_derivative(_huber_gradient, "input")
_huber_loss.add_derivative(
    lambda g, input, target, reduction, delta: _huber_gradient(g, target, input, reduction, delta), "target"
)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """Half the squared difference where it is within `delta`, growing linearly beyond."""
    size_differs(input, target)
    reduction = read_reduction(reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    _refuse_integers(input, target, "huber_cpu")
    if input._array.dtype.kind != "f":
        found, wanted = target.dtype.scalar_name, input.dtype.scalar_name
        raise RuntimeError(f"result type {found} can't be cast to the desired output type {wanted}")
    target = target.to(input.dtype)
    if weight is None:
        return _huber_loss(input, target, reduction, delta)
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")
    losses = _huber_loss(input, target, "none", delta) * weight
    return losses if reduction == "none" else losses.sum() if reduction == "sum" else losses.mean()


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """Kullback-Leibler divergence of `target` from `input`.

    `input` holds log-probabilities, `target` probabilities, or their logarithms if `log_target`.
    `reduction="batchmean"` divides the sum by the batch size: the mathematical definition. RuntimeError for whole numbers.
    """
    if size_average is not None or reduce is not None or reduction != "batchmean":
        reduction = read_reduction(reduction, size_average, reduce)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides "
            "only by the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the "
            "same as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    if input._array.dtype.kind != "f" or target._array.dtype.kind != "f":
        raise RuntimeError("kl_div: Integral inputs not supported.")
    losses = target.exp() * (target - input) if log_target else target.xlogy(target) - target * input
    if reduction == "none":
        return losses
    if reduction == "batchmean":
        return losses.sum() / input.size(0) if input.dim() else losses.sum()
    return losses.mean() if reduction == "mean" else losses.sum()
