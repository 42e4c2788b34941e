"""Reverse and shift elements along dimensions: `flip`, `roll`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from framework.autograd import Tensor, operation
from framework.autograd.attach import attach
from framework.autograd.tensor import normalize_dim
from framework.operations.arguments import integer
from framework.operations.creation_arguments import check_tensor
from framework.operations.layout import in_order

__all__ = ["flip", "fliplr", "flipud", "roll"]


@operation(name="flip", numpy={np.flip: lambda m, axis=None: flip(m, tuple(range(m.ndim)) if axis is None else axis)})
def _flip(input: Any, dims: Any) -> Any:
    # A copy: tensors have no negative steps.
    if type(input) is np.ndarray:
        return input[_backward(input.ndim, dims)].copy()
    return np.copy(np.flip(input, dims), order="C")


@lru_cache
def _backward(ndim: int, dims: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple([slice(None, None, -1) if dim in dims else slice(None) for dim in range(ndim)])


_flip.add_derivative(lambda g, dims: _flip(g, dims), "input")


@operation(name="roll", numpy={np.roll: lambda a, shift, axis=None: roll(a, shift, () if axis is None else axis)})
def _roll(input: Any, shifts: Any, dims: Any) -> Any:
    if type(input) is np.ndarray and dims.__class__ is tuple and len(dims) == 1 and input.ndim:
        (dim,), (shift,) = dims, shifts
        size = input.shape[dim]
        if size:
            before, at = (slice(None),) * dim, size - shift % size
            parts = input[(*before, slice(at, None))], input[(*before, slice(0, at))]
            return in_order(np.concatenate(parts, axis=dim))
    return in_order(np.roll(input, shifts, dims))


@_roll.derivative("input")
def _(g: Any, shifts: Any, dims: Any) -> Any:
    return _roll(g, tuple(-each for each in shifts) if isinstance(shifts, tuple) else -shifts, dims)


def flip(input: Tensor, *dims: Any) -> Tensor:
    """A copy with the order of these dimensions reversed: `x.flip(0, 1)` or `flip(x, (0, 1))`."""
    check_tensor("flip", "input", 1, input)
    given = tuple(dims[0]) if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    read = tuple([normalize_dim(integer(each, "flip", "dims"), input._array.ndim) for each in given])
    for each in read:
        if read.count(each) > 1:
            raise RuntimeError(f"dim {each} appears multiple times in the list of dims")
    return _flip.function(input, read if input._array.ndim else ())


def fliplr(input: Tensor) -> Tensor:
    """A copy with the columns in reverse order."""
    if input.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


def flipud(input: Tensor) -> Tensor:
    """A copy with the rows in reverse order."""
    if input.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


def roll(input: Tensor, shifts: Any, dims: Any = ()) -> Tensor:
    """A copy shifted along these dimensions, what leaves at the end coming in at the front; flattened without `dims`."""
    check_tensor("roll", "input", 1, input)
    steps = tuple(shifts) if isinstance(shifts, (tuple, list)) else (shifts,)
    along = tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)
    if not steps:
        raise RuntimeError("`shifts` required")
    steps = tuple([integer(each, "roll", "shifts") for each in steps])
    if not along and len(steps) == 1:
        return _roll.function(input, steps[0], None)
    if len(steps) != len(along):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(along)}")
    read = tuple([normalize_dim(integer(each, "roll", "dims"), input._array.ndim) for each in along])
    return _roll.function(input, steps, read)


def _reversed(self: Tensor) -> Tensor:
    """`reversed(x)`: a copy with the first dimension in reverse order."""
    return flip(self, 0) if self._array.ndim else self


attach(flip, fliplr, flipud, roll, named={"__reversed__": _reversed})
