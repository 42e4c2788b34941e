"""Running sums and products along a dimension."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import in_dtype, running_product, running_sum
from framework.autograd.errors import no_kernel
from framework.autograd.inplace import inplace
from framework.autograd.operation import Operation, operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations.halves import half
from framework.operations.layout import in_order
from framework.operations.reducing import EVERYTHING, array_of, in_whole_numbers, one_axis

__all__ = ["cumprod", "cumsum"]


def _running(run: Any, step: Any) -> Any:
    def forward(input: Any, dim: int | None) -> Any:
        dtype = input.dtype
        if dim is None:
            return np.positive(input) if dtype.kind == "f" else in_dtype(input, np.int64)
        if dtype.kind != "f":
            return in_order(run(input, dim, np.int64))
        if dtype.itemsize > 2:
            return in_order(_step_by_step(run, step, input, dim))
        return in_order(half(run(input, dim, np.float32), dtype))

    return forward


def _step_by_step(run: Any, step: Any, input: Any, dim: int, behind: bool = False) -> Any:
    """What `run` gives, if `behind` from the end to the front. Where each step has many elements, NumPy takes a third of
    the time to do it whole."""
    # A program keeps one call: both round alike.
    if type(input) is not np.ndarray or not input.flags.c_contiguous or math.prod(input.shape[dim + 1 :]) < _WIDE:
        return np.flip(run(np.flip(input, dim), dim), dim) if behind else run(input, dim)
    out = np.empty_like(input)
    before: Any = (slice(None),) * dim
    previous: Any = None
    for place in reversed(range(input.shape[dim])) if behind else range(input.shape[dim]):
        current = out[(*before, place)]
        if previous is None:
            current[...] = input[(*before, place)]
        else:
            step(previous, input[(*before, place)], out=current)
        previous = current
    return out


_WIDE = 512


_cumsum = operation(_running(running_sum, np.add), name="cumsum", input=lambda g, dim: _from_behind(g, dim))


def _reversed(input: Any, dim: int | None) -> Any:
    """The running sum from the end of a dimension to its front."""
    if dim is None:
        return np.positive(input)
    return _step_by_step(running_sum, np.add, input, dim, behind=True)


_from_behind: Any = operation(_reversed, name="cumsum_from_behind", input=lambda g, dim: _cumsum(g, dim))


def _shifted(input: Any, dim: int, step: int, filler: Any) -> Any:
    """The values `step` places further on, `filler` where there are none; a negative step looks back."""
    before = (slice(None),) * dim
    rest = np.ones_like(input[(*before, slice(0, abs(step)))]) * filler
    if step > 0:
        return np.concatenate((input[(*before, slice(step, None))], rest), axis=dim)
    return np.concatenate((rest, input[(*before, slice(0, step))]), axis=dim)


def _product_slope(g: Any, input: Any, out: Any, dim: int | None) -> Any:
    """The product of what came before, times what each later product makes of the element.

    The latter is r[k] = g[k] + x[k + 1] r[k + 1], solved by doubling: no division, so zeros do no harm.
    """
    if dim is None:
        return g
    size = input.shape[dim]
    total, factor = g, _shifted(input, dim, 1, 0.0) if size else input
    step = 1
    while step < size:
        total = total + factor * _shifted(total, dim, step, 0.0)
        factor = factor * _shifted(factor, dim, step, 0.0)
        step *= 2
    return total * _shifted(out, dim, -1, 1.0) if size else g


_cumprod = operation(_running(running_product, np.multiply), name="cumprod", input=_product_slope)


def cumsum(input: Tensor, dim: Any = EVERYTHING, *, dtype: Any = None, axis: Any = None) -> Tensor:
    """The running sum along a dimension. Whole numbers and booleans sum to int64."""
    return _along(_cumsum, input, dim if axis is None else axis, dtype)


def cumprod(input: Tensor, dim: Any = EVERYTHING, *, dtype: Any = None, axis: Any = None) -> Tensor:
    """The running product along a dimension. Whole numbers and booleans multiply to int64."""
    return _along(_cumprod, input, dim if axis is None else axis, dtype)


def _along(row: Operation, input: Any, dim: Any, dtype: Any) -> Tensor:
    array = array_of(input, row.name)
    if dim is EVERYTHING:
        raise TypeError(f'{row.name}() missing 1 required positional arguments: "dim"')
    axis = one_axis(dim, array.ndim, row.name)
    if dtype is None:
        return row.function(input, axis)
    wanted = dtypes.from_numpy(dtypes.as_numpy(dtype))
    if wanted.kind == "b" and input.ndim and input.numel():
        raise no_kernel(f"{row.name}_out", [np.empty(0, np.bool_)])
    if wanted.kind == "f":
        return row.function(input.to(wanted), axis)
    return row.function(in_whole_numbers(input, wanted), axis).to(wanted)


def _in_place(function: Any) -> Any:
    written = inplace(function)

    def method(self: Tensor, dim: Any = EVERYTHING, *, dtype: Any = None, axis: Any = None) -> Tensor:
        if self.dtype.kind == "b":
            raise no_kernel(f"{function.__name__}_out", [self._array])
        return written(self, dim, dtype=dtype, axis=axis)

    method.__name__ = method.__qualname__ = written.__name__
    method.__doc__ = written.__doc__
    return method


register(np.cumsum, lambda a, axis=None, dtype=None, out=None: _np_running(cumsum, a, axis, dtype))
register(np.cumprod, lambda a, axis=None, dtype=None, out=None: _np_running(cumprod, a, axis, dtype))


def _np_running(function: Any, a: Any, axis: Any, dtype: Any) -> Tensor:
    return function(a.reshape(-1), 0, dtype=dtype) if axis is None else function(a, axis, dtype=dtype)


attach(cumprod, cumsum, named={"cumprod_": _in_place(cumprod), "cumsum_": _in_place(cumsum)})
