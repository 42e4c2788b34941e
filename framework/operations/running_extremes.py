"""Running extremes along a dimension, and the running logarithm of a sum: `cummax`, `cummin`, `logcumsumexp`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import in_dtype, reshaped
from framework.autograd.errors import no_kernel
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations import return_types
from framework.operations.choosing import choose
from framework.operations.creation_arguments import read_integer
from framework.operations.cumulative import _shifted
from framework.operations.gathering import _accumulate_along
from framework.operations.ordering import with_places
from framework.operations.reducing import check_tensor, one_axis

__all__ = ["cummax", "cummin", "logcumsumexp"]


def _running(extreme: Any, name: str) -> Any:
    def forward(input: Any, dim: int | None) -> tuple[Any, Any]:
        if dim is None:
            return np.copy(input), np.zeros_like(input, np.int64)
        values = extreme.accumulate(input, axis=dim)
        here = input == values
        if input.dtype.kind == "f":
            here |= input != input
        if input.ndim == 1 and here.size:
            places = here.nonzero()[0]
            # Each place stands for all up to the next.
            lengths = np.empty_like(places)
            lengths[:-1] = places[1:] - places[:-1]
            lengths[-1] = here.size - places[-1]
            return values, places.repeat(lengths)
        places = reshaped(np.arange(input.shape[dim]), (-1,) + (1,) * (input.ndim - dim - 1))
        indices = np.maximum.accumulate(choose(here, places, 0), axis=dim)
        return np.copy(values, order="C"), np.copy(indices, order="C")

    row = operation(forward, name=name, outputs=2, residuals=("indices",))
    row.add_derivative(
        lambda g, input_shape, dim, indices: g if dim is None else _accumulate_along(g, input_shape, dim, indices),
        "input",
    )
    return row


_cummax = _running(np.maximum, "cummax")
_cummin = _running(np.minimum, "cummin")


def cummax(input: Tensor, dim: int) -> Any:
    """The largest element so far along a dimension, and where it is: the last of equals. A nan is largest."""
    return with_places(_cummax, return_types.cummax, input, _extreme_axis("cummax", input, dim))


def cummin(input: Tensor, dim: int) -> Any:
    """The smallest element so far along a dimension, and where it is: the last of equals. A nan is smallest."""
    return with_places(_cummin, return_types.cummin, input, _extreme_axis("cummin", input, dim))


def _extreme_axis(name: str, input: Any, dim: Any) -> int | None:
    if isinstance(input, Tensor) and not input._array.ndim and dim.__class__ is int and dim not in (-1, 0):
        raise IndexError(f"{name}(): Expected reduction dim -1 or 0 for scalar but got {dim}")
    return _axis(name, input, dim)


def _axis(name: str, input: Any, dim: Any) -> int | None:
    check_tensor(input, name)
    return one_axis(dim if dim.__class__ is int else read_integer(name, "dim", 2, dim), input._array.ndim, name)


@operation(name="logcumsumexp")
def _logcumsumexp(input: Any, dim: int | None) -> Any:
    if dim is None:
        return np.copy(input)
    # Summed up in double precision, as PyTorch does.
    return in_dtype(np.copy(np.logaddexp.accumulate(input, axis=dim, dtype=np.float64), order="C"), input.dtype)


@_logcumsumexp.derivative("input")
def _(g: Any, input: Any, out: Any, dim: int | None) -> Any:
    """exp(x[k] - out[k]) r[k] with r[k] = g[k] + exp(out[k] - out[k + 1]) r[k + 1], solved by doubling."""
    if dim is None or not input.shape[dim]:
        return g
    size = input.shape[dim]
    after = _shifted(out, dim, 1, math.inf)
    # Between two infinities nothing was added.
    factor = np.exp(choose(out == after, 0.0, out - after))
    total = g
    step = 1
    while step < size:
        total = total + factor * _shifted(total, dim, step, 0.0)
        factor = factor * _shifted(factor, dim, step, 0.0)
        step *= 2
    return total * np.exp(input - out)


def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """The logarithm of the running sum of exponentials along a dimension, without overflow."""
    axis = _axis("logcumsumexp", input, dim)
    if input._array.dtype.kind != "f":
        raise no_kernel("logcumsumexp_out", [input._array])
    return _logcumsumexp.function(input, axis)


attach(cummax, cummin, logcumsumexp)
