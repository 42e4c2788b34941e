"""How values spread: variance and standard deviation; and `logsumexp`."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import constant, in_dtype, product, reshaped
from framework.autograd.direct import largest as largest_of
from framework.autograd.operation import Operation, operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations.choosing import choose
from framework.operations.halves import half
from framework.operations.reducing import (
    EVERYTHING,
    Axes,
    add_up,
    array_of,
    axes,
    check_tensor,
    count,
    flag,
    spread,
    with_dims,
)
from framework.operations.small_rows import small

__all__ = ["logsumexp", "std", "std_mean", "var", "var_mean"]


def _mean(input: Any, dim: Axes | None) -> Any:
    return add_up(input, axis=dim, keepdims=True) / constant(count(input.shape, dim), input.dtype)


def _variance(input: Any, dim: Axes | None, correction: float, keepdim: bool) -> Any:
    if input.dtype.itemsize == 2:
        return half(_variance(in_dtype(input, np.float32), dim, correction, keepdim), input.dtype)
    if dim is None and not keepdim and input.__class__ is np.ndarray and input.flags.c_contiguous:
        size = math.prod(input.shape)
        if correction < size <= 4096:
            # One product makes the sum of squares.
            centered = reshaped(input, (size,)) - add_up(input) / constant(size, input.dtype)
            return product(centered, centered) / constant(size - correction, input.dtype)
    if dim is not None and not keepdim and len(dim) == 1 and (rows := small(input, dim[0])) is not None:
        width = input.shape[1]
        if correction < width:
            centered = input - product(input, rows.square) / constant(width, input.dtype)
            return product(centered * centered, rows.ones) / constant(width - correction, input.dtype)
    centered = input - _mean(input, dim)
    freedom = count(input.shape, dim) - correction
    return add_up(centered * centered, dim, None, None, keepdim) / constant(freedom if freedom > 0 else 0, input.dtype)


def _deviation(input: Any, dim: Axes | None, correction: float, keepdim: bool) -> Any:
    return np.sqrt(_variance(input, dim, correction, keepdim))


def _slope(g: Any, input: Any, dim: Axes | None, correction: float, keepdim: bool) -> Any:
    """The gradient of the variance."""
    g = with_dims(g, input.shape, dim, keepdim)
    mean = _mean(input, dim)
    freedom = count(input.shape, dim) - correction
    if freedom <= 0:
        return np.where(input == mean, g * math.nan, g * math.inf)
    return g * (2 / freedom) * (input - mean)


def _half_inverse(g: Any, deviation: Any) -> Any:
    """The gradient of the variance, from that of its root."""
    return choose(deviation == 0, 0.0, g / (deviation * 2))


def _with_mean(spread_of: Any) -> Any:
    def forward(input: Any, dim: Axes | None, correction: float, keepdim: bool) -> list[Any]:
        mean = add_up(input, dim, None, None, keepdim) / count(input.shape, dim)
        return [spread_of(input, dim, correction, keepdim), mean]

    return forward


def _mean_slope(g: Any, shape: tuple[int, ...], dim: Axes | None, keepdim: bool) -> Any:
    return spread(g / (count(shape, dim) or 1), shape, dim, keepdim)


_var = operation(_variance, name="var", input=_slope)
_std = operation(
    _deviation,
    name="std",
    input=lambda g, input, out, dim, correction, keepdim: _slope(
        _half_inverse(g, out), input, dim, correction, keepdim
    ),
)
_var_mean = operation(
    _with_mean(_variance),
    name="var_mean",
    outputs="list",
    input=lambda g, input, dim, correction, keepdim: (
        _slope(g[0], input, dim, correction, keepdim) + _mean_slope(g[1], input.shape, dim, keepdim)
    ),
)
_std_mean = operation(
    _with_mean(_deviation),
    name="std_mean",
    outputs="list",
    input=lambda g, input, dim, correction, keepdim: (
        _slope(_half_inverse(g[0], _std(input, dim, correction, keepdim)), input, dim, correction, keepdim)
        + _mean_slope(g[1], input.shape, dim, keepdim)
    ),
)


def var(
    input: Tensor,
    dim: Any = None,
    unbiased: Any = EVERYTHING,
    keepdim: bool = False,
    *,
    correction: Any = EVERYTHING,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The variance over `dim`; its divisor is the number of elements less `correction` (1 if nothing is said)."""
    return _spread_of(_var, input, dim if axis is None else axis, unbiased, flag(keepdim, keepdims, "var"), correction)


def std(
    input: Tensor,
    dim: Any = None,
    unbiased: Any = EVERYTHING,
    keepdim: bool = False,
    *,
    correction: Any = EVERYTHING,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The standard deviation over `dim`, the root of `var`."""
    return _spread_of(_std, input, dim if axis is None else axis, unbiased, flag(keepdim, keepdims, "std"), correction)


def var_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: Any = EVERYTHING,
    keepdim: bool = False,
    *,
    correction: Any = EVERYTHING,
    axis: Any = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """The variance and the mean over `dim`."""
    return _spread_of(
        _var_mean, input, dim if axis is None else axis, unbiased, flag(keepdim, keepdims, "var_mean"), correction
    )


def std_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: Any = EVERYTHING,
    keepdim: bool = False,
    *,
    correction: Any = EVERYTHING,
    axis: Any = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean over `dim`."""
    return _spread_of(
        _std_mean, input, dim if axis is None else axis, unbiased, flag(keepdim, keepdims, "std_mean"), correction
    )


def _spread_of(row: Operation, input: Any, dim: Any, unbiased: Any, keepdim: bool, correction: Any) -> Any:
    name = row.name
    array = array_of(input, name)
    if isinstance(dim, bool) and unbiased is EVERYTHING:
        dim, unbiased = None, dim
    if unbiased is not EVERYTHING:
        if correction is not EVERYTHING or not isinstance(unbiased, bool):
            raise TypeError(
                f"{name}() received an invalid combination of arguments: give either unbiased, which is True or "
                "False, or correction, a number, by its name. Expected one of:\n"
                " * (tuple of ints dim, bool unbiased = True, bool keepdim = False)\n"
                " * (tuple of ints dim = None, *, Number correction = None, bool keepdim = False)\n"
                " * (bool unbiased = True)\n"
            )
        correction = int(unbiased)
    elif correction is EVERYTHING or correction is None:
        correction = 1
    if array.dtype.kind != "f":
        what = "std and var" if name in ("std", "var") else name
        raise RuntimeError(f"{what} only support floating point and complex dtypes")
    found = axes(dim, array.ndim, name)
    if 0 in array.shape or count(array.shape, found) - correction <= 0:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            "(input numel divided by output numel).",
            UserWarning,
            stacklevel=3,
        )
    return row.function(input, found, correction, keepdim)


def _logsumexp_of(input: Any, dim: Axes | None, keepdim: bool) -> Any:
    if count(input.shape, dim) == 0:
        return np.log(add_up(np.exp(input), dim, None, None, keepdim))
    largest = largest_of(input, dim, True)
    largest = choose(np.isinf(largest), 0.0, largest)
    total = add_up(np.exp(input - largest), dim, None, None, keepdim)
    return np.log(total) + (largest if keepdim else reshaped(largest, total.shape))


_logsumexp = operation(
    _logsumexp_of,
    name="logsumexp",
    promote="float",
    input=lambda g, input, out, dim, keepdim: (
        with_dims(g, input.shape, dim, keepdim) * np.exp(input - with_dims(out, input.shape, dim, keepdim))
    ),
)


def logsumexp(
    input: Tensor, dim: Any = EVERYTHING, keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    """The logarithm of the sum of exponentials over `dim`, without overflow."""
    check_tensor(input, "logsumexp")
    dim = dim if axis is None else axis
    if dim is EVERYTHING:
        raise TypeError('logsumexp() missing 1 required positional arguments: "dim"')
    if dim is None:
        raise TypeError("logsumexp(): argument 'dim' must be tuple of ints, not NoneType")
    return _logsumexp.function(input, axes(dim, input.ndim, "logsumexp"), flag(keepdim, keepdims, "logsumexp"))


def _np_var(
    a: Any, axis: Any = None, dtype: None = None, out: None = None, ddof: float = 0, keepdims: bool = False
) -> Tensor:
    return var(a, axis, keepdim=keepdims, correction=ddof)


def _np_std(
    a: Any, axis: Any = None, dtype: None = None, out: None = None, ddof: float = 0, keepdims: bool = False
) -> Tensor:
    return std(a, axis, keepdim=keepdims, correction=ddof)


register(np.var, _np_var)
register(np.std, _np_std)

attach(logsumexp, std, var)
