"""Losses of yes-or-no predictions: binary cross-entropy, of logits and of probabilities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.decisions import decide
from framework.autograd.direct import constant
from framework.autograd.errors import broadcast_error
from framework.autograd.operation import operation
from framework.autograd.sums import add_up
from framework.autograd.tensor import Tensor
from framework.operations.approximating import filled
from framework.operations.logistic import logistic
from framework.operations.loss_reduction import read_reduction, reduced, refuse_gradient, spread

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits"]


# From so many elements on, what lies between is written over again: it stays in the cache.
_MANY = 1 << 14


def _mean_logits_loss(input: Any, other: Any) -> Any:
    dtype, count = input.dtype, math.prod(input.shape)
    if 0 < count <= 64:
        # One call, until there is work for the wider instructions of the five below.
        losses = np.logaddexp(input, constant(0.0, dtype)) - input * other
        return add_up(losses) / count
    if count > _MANY and dtype.itemsize > 2:
        return add_up(filled(_logits_losses_into, 1, input, other)[0]) / count
    below = np.copysign(input, constant(-1.0, dtype))
    if count > 1024:
        # Past this the result is 0 to all digits, but exp and log1p of subnormal numbers are fifty times slower.
        below = np.maximum(below, constant(-87.0, dtype))
    # log(1 + exp(x)) without overflow is max(x, 0) + log(1 + exp(-|x|)).
    losses = np.log1p(np.exp(below)) + (np.maximum(input, constant(0.0, dtype)) - input * other)
    return add_up(losses) / (count or math.nan)


def _logits_losses_into(x: Any, y: Any, out: Any) -> None:
    work, dtype = np.empty_like(x), x.dtype
    half = constant(0.5, dtype)
    np.absolute(x, out=out)
    np.negative(out, out=work)
    # np.maximum with a number takes three times as long, and np.copysign four times as long as np.absolute.
    np.clip(work, constant(-87.0, dtype), constant(0.0, dtype), out=work)
    np.exp(work, out=work)
    np.log1p(work, out=work)
    # max(x, 0) - x · y is |x| / 2 + x · (1/2 - y).
    np.multiply(out, half, out=out)
    np.add(out, work, out=out)
    np.subtract(half, y, out=work)
    np.multiply(work, x, out=work)
    np.add(out, work, out=out)


def _logits_slope_into(x: Any, y: Any, out: Any) -> None:
    dtype = x.dtype
    np.multiply(x, constant(0.5, dtype), out=out)
    np.tanh(out, out=out)
    np.add(out, constant(1.0, dtype), out=out)
    np.subtract(out, y, out=out)
    np.subtract(out, y, out=out)


@operation(promote="common")
def bce_logits_slope(input: Any, other: Any, scale: Any) -> Any:
    """`scale` times twice what the sigmoid of the logits is more than the targets."""
    out = filled(_logits_slope_into, 1, input, other)[0]
    return np.multiply(out, scale, out=out)


@bce_logits_slope.derivative("input", "other", "scale")
def _(g: Any, input: Any, other: Any, scale: Any) -> tuple[Any, Any, Any]:
    bent = np.tanh(input * 0.5)
    scaled = g * scale
    return (
        scaled * (0.5 - bent * bent * 0.5),
        scaled * -2.0,
        np.add.reduce(g * (bent + 1.0 - other - other), axis=tuple(range(g.ndim))),
    )


def _mean_logits_gradient(g: Any, input: Any, other: Any) -> Any:
    # sigmoid(x) - y, where sigmoid(x) is (1 + tanh(x / 2)) / 2.
    dtype, count = input.dtype, math.prod(input.shape)
    if count > _MANY and dtype.itemsize > 2:
        return bce_logits_slope(input, other, g * constant(0.5 / count, dtype))
    twice = (np.tanh(input * constant(0.5, dtype)) + constant(1.0, dtype)) - (other + other)
    return twice * (g * constant(0.5 / (math.prod(input.shape) or 1), dtype))


_mean_with_logits = operation(
    _mean_logits_loss,
    name="binary_cross_entropy_with_logits",
    input=_mean_logits_gradient,
    other=lambda g, input: np.negative(input) * spread(g, input, "mean"),
)


def _softplus_of_minus_size(x: Any) -> Any:
    """log(1 + exp(-|x|))."""
    return np.log1p(np.exp(np.negative(np.absolute(x))))


def _softplus_of_minus(x: Any) -> Any:
    """log(1 + exp(-x)), without overflow."""
    return _softplus_of_minus_size(x) + np.maximum(np.negative(x), 0.0)


@operation(name="weighted_binary_cross_entropy_with_logits", grad_fn="BinaryCrossEntropyWithLogitsBackward0")
def _weighted_with_logits(input: Any, target: Any, weight: Any, pos_weight: Any, reduction: str) -> Any:
    if pos_weight is None:
        losses = _softplus_of_minus_size(input) + (np.maximum(input, 0.0) - input * target)
    else:
        losses = (1.0 - target) * input + ((pos_weight - 1.0) * target + 1.0) * _softplus_of_minus(input)
    return reduced(losses if weight is None else losses * weight, reduction)


@_weighted_with_logits.derivative("input")
def _(g: Any, input: Any, target: Any, weight: Any, pos_weight: Any, reduction: str) -> Any:
    g = spread(g, input, reduction)
    slope = logistic(input) - target
    if pos_weight is not None:
        slope = (1.0 - target) - ((pos_weight - 1.0) * target + 1.0) * logistic(np.negative(input))
    return slope * g if weight is None else slope * weight * g


@_weighted_with_logits.derivative("target")
def _(g: Any, input: Any, weight: Any, pos_weight: Any, reduction: str) -> Any:
    g = spread(g, input, reduction)
    slope = np.negative(input)
    if pos_weight is not None:
        slope = slope + (pos_weight - 1.0) * _softplus_of_minus(input)
    return slope * g if weight is None else slope * weight * g


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Binary cross-entropy of logits, with targets from 0 to 1 of the same shape.

    `weight` scales each element's loss, `pos_weight` the part of it that the target counts for; both are broadcast.
    ValueError if the shapes differ.
    """
    try:
        x, y = input._array, target._array
    except AttributeError:
        input.size(), target.size()
        raise
    if reduction != "mean" or size_average is not None or reduce is not None:
        reduction = read_reduction(reduction, size_average, reduce)
    if x.shape != y.shape:
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    if x.dtype is not y.dtype or x.dtype.kind != "f":
        if x.dtype.kind != "f" or y.dtype.kind != "f":
            _refuse_types(x, y)
        # PyTorch's result has the target's type, whichever is wider.
        input = input.to(target.dtype)
    if weight is None and pos_weight is None and reduction == "mean":
        return _mean_with_logits.function(input, target)
    return _with_weights(input, target, weight, pos_weight, reduction)


def _with_weights(input: Tensor, target: Tensor, weight: Any, pos_weight: Any, reduction: str) -> Tensor:
    shape = input._array.shape
    for argument, each in (("weight", weight), ("pos_weight", pos_weight)):
        if each is None:
            continue
        refuse_gradient("binary_cross_entropy_with_logits", argument, each)
        pair = [each._array.shape, shape] if argument == "pos_weight" else [shape, each._array.shape]
        error = broadcast_error(pair)
        if error is not None:
            raise error
        whole = np.broadcast_shapes(*pair)
        if whole != shape:
            raise RuntimeError(f"output with shape {list(shape)} doesn't match the broadcast shape {list(whole)}")
    weight, pos_weight = (each if each is None else each.to(target.dtype) for each in (weight, pos_weight))
    return _weighted_with_logits(input, target, weight, pos_weight, reduction)


def _refuse_types(x: Any, y: Any) -> None:
    """Raises what PyTorch raises for logits or targets that are no floating-point numbers."""
    if y.dtype.kind == "b" and x.dtype.kind == "f":
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    if x.dtype.kind == "f":
        raise RuntimeError(
            f"result type {dtypes.from_numpy(x.dtype).scalar_name} can't be cast to the desired output type "
            f"{dtypes.from_numpy(y.dtype).scalar_name}"
        )
    raise NotImplementedError(f"\"log_sigmoid_cpu\" not implemented for '{dtypes.from_numpy(x.dtype).scalar_name}'")


@operation()
def _binary_cross_entropy(input: Any, target: Any, weight: Any, reduction: str) -> Any:
    # PyTorch bounds the logarithms at -100, so that a wrong prediction of exactly 0 or 1 costs 100.
    yes, no = np.log(input), np.log1p(np.negative(input))
    losses = (target - 1.0) * np.maximum(no, -100.0) - target * np.maximum(yes, -100.0)
    return reduced(losses if weight is None else losses * weight, reduction)


@_binary_cross_entropy.derivative("input")
def _(g: Any, input: Any, target: Any, weight: Any, reduction: str) -> Any:
    slope = (input - target) / np.maximum((1.0 - input) * input, 1e-12)
    slope = slope * spread(g, input, reduction)
    return slope if weight is None else slope * weight


@_binary_cross_entropy.derivative("target")
def _(g: Any, input: Any, weight: Any, reduction: str) -> Any:
    slope = (np.log1p(np.negative(input)) - np.log(input)) * spread(g, input, reduction)
    return slope if weight is None else slope * weight


def _refuse_outside(x: Any, y: Any) -> None:
    for name, each in (("input", x), ("target", y)):
        if each.size and not (each.min() >= 0 and each.max() <= 1):
            raise RuntimeError(f"all elements of {name} should be between 0 and 1")


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Binary cross-entropy of probabilities, with targets from 0 to 1 of the same shape.

    ValueError if the shapes differ, RuntimeError for an input or target outside 0 to 1.
    """
    reduction = read_reduction(reduction, size_average, reduce)
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is "
            "deprecated. Please ensure they have the same size."
        )
    x = input._array
    if weight is not None:
        refuse_gradient("binary_cross_entropy", "weight", weight)
        weight = weight.expand(x.shape)
    for each in (target, weight):
        if each is not None and each._array.dtype != x.dtype:
            raise RuntimeError(f"Found dtype {each.dtype.scalar_name} but expected {input.dtype.scalar_name}")
    if x.dtype.kind != "f":
        raise NotImplementedError(f"\"binary_cross_entropy\" not implemented for '{input.dtype.scalar_name}'")
    decide(_refuse_outside, x, target._array)
    return _binary_cross_entropy(input, target, weight, reduction)
