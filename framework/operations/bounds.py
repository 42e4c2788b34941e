"""Keeps elements within bounds (`clamp`), and takes the larger or smaller of two tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import constant
from framework.autograd.operation import cast, operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, wrap
from framework.operations.operators import check_first

__all__ = ["clamp", "clamp_max", "clamp_min", "clip", "fmax", "fmin", "maximum", "minimum"]


def _shared(g: Any, input: Any, other: Any, behind: Any) -> Any:
    """The part of a gradient that goes to `input`: half where both are equal, none where it is `behind`."""
    return np.where(input == other, g * 0.5, g) * np.logical_not(behind)


maximum = operation(
    np.maximum,
    input=lambda g, input, other: _shared(g, input, other, input < other),
    other=lambda g, input, other: _shared(g, other, input, other < input),
    tensors=["input", "other"],
)
minimum = operation(
    np.minimum,
    input=lambda g, input, other: _shared(g, input, other, input > other),
    other=lambda g, input, other: _shared(g, other, input, other > input),
    tensors=["input", "other"],
)
# Of two numbers, one of them nan, these take the other.
fmax = operation(
    np.fmax,
    input=lambda g, input, other: g * np.logical_or(input >= other, np.isnan(other)),
    other=lambda g, input, other: g * np.logical_not(np.logical_or(input >= other, np.isnan(other))),
    tensors=["input", "other"],
)
fmin = operation(
    np.fmin,
    input=lambda g, input, other: g * np.logical_or(input <= other, np.isnan(other)),
    other=lambda g, input, other: g * np.logical_not(np.logical_or(input <= other, np.isnan(other))),
    tensors=["input", "other"],
)


def _bounded(input: Any, min: Any, max: Any) -> Any:
    if min is None:
        return np.minimum(input, max)
    if max is None:
        return np.maximum(input, min)
    return np.minimum(np.maximum(input, min), max)


def _bounded_by_numbers(input: Any, min: Any, max: Any) -> Any:
    if input.dtype.kind != "f":
        return _bounded(input, min, max)
    if math.prod(input.shape) < 2000:
        lowest = None if min is None else constant(min, input.dtype)
        return _bounded(input, lowest, None if max is None else constant(max, input.dtype))
    # np.maximum with a number takes five times as long.
    return np.clip(input, -math.inf if min is None else min, math.inf if max is None else max)


def _within(g: Any, input: Any, min: Any, max: Any) -> Any:
    if min is None:
        return g * (input <= max)
    if max is None:
        return g * (input >= min)
    return g * np.logical_and(input >= min, input <= max)


def _below(g: Any, input: Any, min: Any, max: Any) -> Any:
    """The gradient of the lower bound, which an upper bound below it leaves without effect."""
    below = input < min
    return g * (below if max is None else np.logical_and(below, min < max))


def _above(g: Any, input: Any, min: Any, max: Any) -> Any:
    above = input > max
    return g * (above if min is None else np.logical_or(above, max < min))


_by_numbers = operation(_bounded_by_numbers, name="clamp_by_numbers", grad_fn="ClampBackward1", input=_within)
_clamp = operation(
    _bounded, name="clamp", grad_fn="ClampBackward0", promote="common", input=_within, min=_below, max=_above
)
_min_number = operation(
    lambda input, min: _bounded_by_numbers(input, min, None),
    name="clamp_min_number",
    grad_fn="ClampMinBackward0",
    input=lambda g, input, min: g * (input >= min),
)
_max_number = operation(
    lambda input, max: _bounded_by_numbers(input, None, max),
    name="clamp_max_number",
    grad_fn="ClampMaxBackward0",
    input=lambda g, input, max: g * (input <= max),
)
_clamp_min = operation(
    lambda input, min: np.maximum(input, min),
    name="clamp_min",
    grad_fn="ClampMinBackward1",
    promote="common",
    input=lambda g, input, min: g * (input >= min),
    min=lambda g, input, min: g * (input < min),
)
_clamp_max = operation(
    lambda input, max: np.minimum(input, max),
    name="clamp_max",
    grad_fn="ClampMaxBackward1",
    promote="common",
    input=lambda g, input, max: g * (input <= max),
    max=lambda g, input, max: g * (input > max),
)


_PLAIN = {int, float, type(None)}


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Each element no smaller than `min` and no larger than `max`: numbers or Tensors, one of them at least."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if (
        isinstance(input, Tensor)
        and input._array.dtype.kind == "f"
        and min.__class__ in _PLAIN
        and max.__class__ in _PLAIN
    ):
        return _by_numbers.function(input, min, max)
    if _is_tensor(min) or _is_tensor(max):
        return _clamp.function(input, _tensor(min), _tensor(max))
    _check_numbers("clamp", min, max)
    input = _promoted(input, min, max)
    return _by_numbers.function(input, _fitted(min, input), _fitted(max, input))


def clip(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """`clamp`, by another name."""
    return clamp(input, min, max)


def clamp_min(input: Tensor, min: Any) -> Tensor:
    """Each element no smaller than `min`, a number or a Tensor."""
    check_first("clamp_min", input, min)
    if _is_tensor(min):
        return _clamp_min.function(input, min)
    input = _number_kernel("clamp_min", _promoted(input, min))
    return _min_number.function(input, _fitted(min, input))


def clamp_max(input: Tensor, max: Any) -> Tensor:
    """Each element no larger than `max`, a number or a Tensor."""
    check_first("clamp_max", input, max)
    if _is_tensor(max):
        return _clamp_max.function(input, max)
    input = _number_kernel("clamp_max", _promoted(input, max))
    return _max_number.function(input, _fitted(max, input))


def _number_kernel(name: str, input: Tensor) -> Tensor:
    if input.dtype.kind == "b":
        raise NotImplementedError(f"\"{name}_scalar_cpu\" not implemented for 'Bool'")
    return input


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) or (hasattr(value, "__array_ufunc__") and not isinstance(value, np.generic))


def _tensor(value: Any) -> Any:
    return wrap(np.array(value)) if isinstance(value, (int, float)) else value


def _check_numbers(name: str, *bounds: Any) -> None:
    for each in bounds:
        if each is not None and not isinstance(each, (int, float, np.generic)):
            raise TypeError(
                f"{name}() received an invalid combination of arguments - got ({type(each).__name__}), but expected "
                "one of:\n * (Tensor min = None, Tensor max = None)\n * (Number min = None, Number max = None)\n"
            )


def _promoted(input: Tensor, *numbers: Any) -> Tensor:
    """The input in the type in which it meets the bounds."""
    if not isinstance(input, Tensor) or input._array.dtype.kind == "f":
        return input
    dtype = dtypes.result_dtype([input._array, *[each for each in numbers if each is not None]])
    return input if dtype == input._array.dtype else input.to(dtypes.from_numpy(dtype))


def _fitted(bound: Any, input: Any) -> Any:
    """A bound as the whole numbers of the input hold it: one that does not fit wraps, as in PyTorch."""
    return bound if bound is None or input.dtype.kind == "f" else cast(bound, np.dtype(input.dtype))


def _np_clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Tensor:
    return clamp(a, a_min if min is None else min, a_max if max is None else max)


register(np.clip, _np_clip)

attach(
    clamp,
    clamp_max,
    clamp_min,
    clip,
    fmax,
    fmin,
    maximum,
    minimum,
    inplace=[clamp, clamp_max, clamp_min, clip],
)
