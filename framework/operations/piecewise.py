"""Activations made of straight pieces: `leaky_relu`, `hardtanh`, `hardswish`, `threshold`, `prelu`, and their kin.

Their pieces are put together by `maximum`, `minimum` and products with masks: np.where takes twenty times as long where
large inputs change from one piece to the other at random.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import constant, in_dtype
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.activation_call import activate, in_place, name_in_place, number
from framework.operations.arguments import check_tensors
from framework.operations.elementwise import Constant, at_least, at_most, between, elementwise, masked
from framework.operations.gates import gate

__all__ = [
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leak",
    "leaky_gradient",
    "leaky_relu",
    "leaky_relu_",
    "prelu",
    "relu6",
    "softshrink",
    "threshold",
    "threshold_",
]


_ZERO, _THREE, _SIX, _SIXTH = Constant(0.0), Constant(3.0), Constant(6.0), Constant(1 / 6)


def leak(input: Any, slope: float) -> Any:
    if 0 < slope <= 1:
        return np.maximum(input, input * constant(slope, input.dtype))
    zero = _ZERO[input.dtype]
    return at_least(input, zero) + at_most(input, zero) * constant(slope, input.dtype)


@operation(name="leaky_relu")
def _leaky_relu(input: Any, negative_slope: float) -> Any:
    return elementwise(leak, input, negative_slope)


def _leaky_gradient(g: Any, input: Any, slope: float) -> Any:
    if 0 <= slope <= 1:
        return g * at_least(in_dtype(input > _ZERO[input.dtype], g.dtype), constant(slope, g.dtype))
    return np.where(input > 0, g, g * slope)


leaky_gradient = gate("leaky_relu_backward", lambda g, x, slope: elementwise(_leaky_gradient, g, x, slope))
_leaky_relu.add_derivative(lambda g, input, negative_slope: leaky_gradient(g, input, negative_slope), "input")
name_in_place(_leaky_relu, "LeakyReluBackward1")


@operation(name="hardtanh")
def _hardtanh(input: Any, min_val: float, max_val: float) -> Any:
    return between(input, constant(min_val, input.dtype), constant(max_val, input.dtype))


def _inside(g: Any, x: Any, low: float, high: float) -> Any:
    # As in PyTorch, nan lets the gradient through, and the bounds do not.
    return masked(g, np.logical_not(np.logical_or(x <= low, x >= high)))


_hardtanh_gate = gate("hardtanh_backward", lambda g, x, low, high: elementwise(_inside, g, x, low, high))
_hardtanh.add_derivative(lambda g, input, min_val, max_val: _hardtanh_gate(g, input, min_val, max_val), "input")


def _ramp(x: Any) -> Any:
    """The part of 1 that `x`, on its way from -3 to 3, has reached."""
    dtype = x.dtype
    return between(x + _THREE[dtype], _ZERO[dtype], _SIX[dtype]) * _SIXTH[dtype]


@operation(name="hardsigmoid")
def _hardsigmoid(input: Any) -> Any:
    return elementwise(_ramp, input)


def _ramp_gradient(g: Any, x: Any) -> Any:
    return masked(g * _SIXTH[g.dtype], np.absolute(x) < _THREE[x.dtype])


_hardsigmoid_gate = gate("hardsigmoid_backward", lambda g, x: elementwise(_ramp_gradient, g, x))
_hardsigmoid.add_derivative(lambda g, input: _hardsigmoid_gate(g, input), "input")


@operation(name="hardswish")
def _hardswish(input: Any) -> Any:
    return elementwise(_times_ramp, input)


def _times_ramp(x: Any) -> Any:
    return _ramp(x) * x


def _hardswish_gradient(g: Any, x: Any) -> Any:
    # fmin and fmax lead nan to 3, from where on the slope is 1: so it is in PyTorch.
    inside = np.fmax(-3.0, np.fmin(3.0, x))
    return g * ((inside * (1 / 3) + 0.5) * (np.absolute(x) < 3) + np.logical_not(x < 3))


_hardswish.add_derivative(lambda g, input: elementwise(_hardswish_gradient, g, input), "input")


def _shrink(x: Any, like: Any, lambd: float) -> Any:
    """`x`, but 0 where `like` is within `lambd` of zero."""
    return masked(x, np.logical_not(np.absolute(like) <= constant(lambd, like.dtype)))


_shrink_gate = gate("hardshrink_backward", lambda g, like, lambd: elementwise(_shrink, g, like, lambd))


@operation(name="hardshrink")
def _hardshrink(input: Any, lambd: float) -> Any:
    return elementwise(_shrink, input, input, lambd)


@operation(name="softshrink")
def _softshrink(input: Any, lambd: float) -> Any:
    return elementwise(_nearer, input, lambd)


def _nearer(x: Any, lambd: float) -> Any:
    return x - between(x, constant(-lambd, x.dtype), constant(lambd, x.dtype))


for _row in (_hardshrink, _softshrink):
    _row.add_derivative(lambda g, input, lambd: _shrink_gate(g, input, lambd), "input")


@operation(name="threshold")
def _threshold(input: Any, threshold: float, value: float) -> Any:
    return elementwise(_over, input, threshold, value)


def _over(x: Any, threshold: float, value: float) -> Any:
    bound, value = constant(threshold, x.dtype), constant(value, x.dtype)
    if value == bound:
        return at_least(x, bound)
    if math.prod(x.shape) <= 2000 or x.dtype.kind != "f" or not math.isfinite(threshold):
        return np.where(x <= bound, value, x)
    under = x <= bound
    return masked(np.clip(x, bound, math.inf), np.logical_not(under)) + in_dtype(under, x.dtype) * value


def _over_gradient(g: Any, x: Any, threshold: float) -> Any:
    return masked(g, np.logical_not(x <= constant(threshold, x.dtype)))


_threshold_gate = gate("threshold_input_backward", lambda g, x, threshold: elementwise(_over_gradient, g, x, threshold))
_threshold.add_derivative(lambda g, input, threshold: _threshold_gate(g, input, threshold), "input")
name_in_place(_threshold, "ThresholdBackward1")


def _sloped(x: Any, weight: Any) -> Any:
    zero = _ZERO[x.dtype]
    return at_least(x, zero) + at_most(x, zero) * weight


@operation(name="prelu_kernel")
def _prelu(input: Any, weight: Any) -> Any:
    return _sloped(input, weight)


_prelu.add_derivative(lambda g, input, weight: g * (np.logical_not(input > 0) * weight + (input > 0)), "input")
_prelu.add_derivative(lambda g, input: g * at_most(input, 0.0), "weight")


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """The input where it is positive, else `negative_slope` times it."""
    return activate(
        _leaky_relu,
        "leaky_relu",
        "leaky_relu_cpu",
        inplace,
        input,
        number(negative_slope, "leaky_relu", "negative_slope"),
    )


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu`, written into the tensor."""
    return leaky_relu(input, negative_slope, True)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """The input, no lower than `min_val` and no higher than `max_val`. ValueError where the two are the wrong way."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _clipped("hardtanh", input, min_val, max_val, inplace)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """The input, no lower than 0 and no higher than 6."""
    return _clipped("relu6", input, 0.0, 6.0, inplace)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh`, written into the tensor."""
    return _clipped("hardtanh", input, min_val, max_val, True)


def _clipped(name: str, input: Tensor, low: float, high: float, inplace: bool) -> Tensor:
    low, high = number(low, name, "min_val"), number(high, name, "max_val", 3)
    if not isinstance(input, Tensor) or input._array.dtype.kind != "f":
        check_tensors(f"{name}_" if inplace else name, input=input)
        kind = input._array.dtype.kind
        if kind == "b":
            raise RuntimeError("Bool inputs not supported for hardtanh")
        low, high = int(low), int(high)
        if kind == "u" and low < 0:
            raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
    return in_place(_hardtanh, input, low, high) if inplace else _hardtanh.function(input, low, high)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """0 up to -3, 1 from 3 on, a straight line between."""
    return activate(_hardsigmoid, "hardsigmoid", "hardsigmoid_cpu", inplace, input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """`input * hardsigmoid(input)`."""
    return activate(_hardswish, "hardswish", "hardswish_cpu", inplace, input)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """The input, but 0 from -`lambd` to `lambd`."""
    return activate(_hardshrink, "hardshrink", "hardshrink_cpu", False, input, number(lambd, "hardshrink", "lambd"))


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """The input brought nearer to 0 by `lambd`, 0 where it is nearer. RuntimeError for a negative `lambd`."""
    lambd = number(lambd, "softshrink", "lambd")
    if not 0 <= lambd < math.inf and isinstance(input, Tensor) and input._array.dtype.kind == "f":
        largest = np.finfo(input._array.dtype).max
        raise RuntimeError(
            f"lambda must be in range [0, {largest:g}] for input dtype {input.dtype.scalar_name}, but found {lambd:g}"
        )
    return activate(_softshrink, "softshrink", "softshrink_check", False, input, lambd)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """The input where it is over `threshold`, else `value`."""
    name = "threshold_" if inplace else "threshold"
    check_tensors(name, input=input)
    threshold, value = number(threshold, name, "threshold"), number(value, name, "value", 3)
    dtype = input._array.dtype
    if dtype.kind == "b":
        raise NotImplementedError("\"threshold_cpu\" not implemented for 'Bool'")
    if dtype.kind != "f":
        threshold, value = (_whole(each, dtype) for each in (threshold, value))
    return in_place(_threshold, input, threshold, value) if inplace else _threshold.function(input, threshold, value)


def _whole(value: float, dtype: Any) -> int:
    """A number in a type of whole numbers. RuntimeError where it does not fit; unsigned ones may count from the top."""
    limits = np.iinfo(dtype)
    low = -limits.max if limits.min == 0 and isinstance(value, int) else limits.min
    if not low <= value <= limits.max:
        kind = "int" if dtype.name == "int32" else f"{dtype.name}_t"
        raise RuntimeError(f"value cannot be converted to type {kind} without overflow")
    whole: int = np.array(int(value)).astype(dtype).item()
    return whole


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold`, written into the tensor."""
    return _threshold_of(input, threshold, value, True)


_threshold_of = threshold


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """The input where it is positive, else `weight` times it: one weight, or one for each channel (dimension 1)."""
    check_tensors("prelu", input=input, weight=weight)
    x, w = input._array, weight._array
    if x.dtype != w.dtype:
        kinds = [dtypes.from_numpy(each.dtype).scalar_name for each in (x, w)]
        raise RuntimeError(f"prelu: Type promoting not supported. Got {kinds[0]} and {kinds[1]}")
    if w.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {w.ndim}")
    if w.size != 1:
        _check_channels(x.shape, w.size)
    if w.ndim != x.ndim:
        weight = weight.view([w.size if axis == 1 else 1 for axis in range(x.ndim)])
    if x.dtype.kind != "f":
        raise NotImplementedError(f"\"prelu_cpu\" not implemented for '{input.dtype.scalar_name}'")
    return _prelu.function(input, weight)


def _check_channels(shape: tuple[int, ...], weights: int) -> None:
    if not shape:
        raise RuntimeError("Not allow zero-dim input tensor.")
    channels = shape[1] if len(shape) > 1 else 1
    if channels != weights:
        raise RuntimeError(
            f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weights} and channel "
            f"size = {channels}."
        )


attach(hardshrink, prelu)
