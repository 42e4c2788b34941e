"""Sums, means and products over some dimensions or all of them, and what counts or asks of all elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import all_true, any_true, reshaped
from framework.autograd.operation import operation
from framework.autograd.protocol import reductions, register
from framework.autograd.tensor import Tensor
from framework.operations.arguments import sizes
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
    in_whole_numbers,
    multiply_up,
    one_axis,
    spread,
)

__all__ = ["all", "any", "count_nonzero", "mean", "nanmean", "nansum", "prod", "sum"]


def total(input: Any, dim: Any, keepdim: bool) -> Any:
    """The sum in the type that PyTorch sums in: int64 for whole numbers, float32 for halves."""
    dtype = input.dtype
    if dtype.kind != "f":
        return add_up(input, dim, np.int64, None, keepdim)
    if dtype.itemsize > 2:
        return add_up(input, dim, None, None, keepdim)
    return half(add_up(input, dim, np.float32, None, keepdim), dtype)


def _average(input: Any, dim: Axes | None, keepdim: bool) -> Any:
    size = count(input.shape, dim)
    if input.dtype.itemsize > 2:
        return add_up(input, dim, None, None, keepdim) / size
    return half(add_up(input, dim, np.float32, None, keepdim) / size, input.dtype)


_sum_all = operation(
    lambda input: total(input, None, False),
    name="sum_all",
    grad_fn="SumBackward0",
    input=lambda g, input_shape: spread(g, input_shape, None, False),
)
_sum = operation(
    total,
    name="sum",
    grad_fn="SumBackward1",
    input=lambda g, input_shape, dim, keepdim: spread(g, input_shape, dim, keepdim),
)
_mean_all = operation(
    lambda input: _average(input, None, False),
    name="mean_all",
    grad_fn="MeanBackward0",
    input=lambda g, input_shape: spread(g / (count(input_shape, None) or 1), input_shape, None, False),
)
_mean = operation(
    _average,
    name="mean",
    grad_fn="MeanBackward1",
    input=lambda g, input_shape, dim, keepdim: spread(g / (count(input_shape, dim) or 1), input_shape, dim, keepdim),
)


def sum(
    input: Tensor,
    dim: Any = EVERYTHING,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    axis: Any = EVERYTHING,
    keepdims: bool | None = None,
) -> Tensor:
    """The sum over `dim`, an integer or several, or over everything. Whole numbers and booleans sum to int64."""
    if axis is not EVERYTHING:
        dim = axis
    if keepdim is not False or keepdims is not None:
        keepdim = flag(keepdim, keepdims, "sum")
    array = array_of(input, "sum")
    if dtype is not None:
        return in_type(sum, input, dim, keepdim, dtype)
    if dim is EVERYTHING:
        _check_keepdim("sum", keepdim, _SUM)
        return _sum_all.function(input)
    return _sum.function(input, axes(dim, array.ndim, "sum"), keepdim)


def mean(
    input: Tensor,
    dim: Any = EVERYTHING,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    axis: Any = EVERYTHING,
    keepdims: bool | None = None,
) -> Tensor:
    """The mean over `dim`, an integer or several, or over everything. RuntimeError for whole numbers."""
    if axis is not EVERYTHING:
        dim = axis
    if keepdim is not False or keepdims is not None:
        keepdim = flag(keepdim, keepdims, "mean")
    array = array_of(input, "mean")
    if dtype is not None:
        if dtypes.as_numpy(dtype).kind != "f":
            raise RuntimeError(_NO_MEAN.format("Optional", dtypes.from_numpy(dtypes.as_numpy(dtype)).scalar_name))
        return in_type(mean, input, dim, keepdim, dtype)
    if array.dtype.kind != "f":
        raise RuntimeError(_NO_MEAN.format("Input", dtypes.from_numpy(np.dtype(input.dtype)).scalar_name))
    if dim is EVERYTHING:
        _check_keepdim("mean", keepdim, _SUM)
        return _mean_all.function(input)
    return _mean.function(input, axes(dim, array.ndim, "mean"), keepdim)


_NO_MEAN = "mean(): could not infer output dtype. {} dtype must be either a floating point or complex dtype. Got: {}"
_SUM = " * (*, torch.dtype dtype = None)\n * (tuple of ints dim, bool keepdim = False, *, torch.dtype dtype = None)\n"
_PROD = " * (*, torch.dtype dtype = None)\n * (int dim, bool keepdim = False, *, torch.dtype dtype = None)\n"


def _check_keepdim(name: str, keepdim: bool, signatures: str) -> None:
    if keepdim:
        raise TypeError(
            f"{name}() received an invalid combination of arguments - got (keepdim=bool, ), but expected one of:\n"
            + signatures
        )


def in_type(reduce: Any, input: Tensor, dim: Any, keepdim: bool, dtype: Any) -> Tensor:
    """A reduction in a type of the caller's choice."""
    wanted = dtypes.from_numpy(dtypes.as_numpy(dtype))
    if wanted.kind == "f":
        return reduce(input.to(wanted), dim, keepdim)
    return reduce(in_whole_numbers(input, wanted), dim, keepdim).to(wanted)


def _product(input: Any, dim: int | None, keepdim: bool) -> Any:
    dtype = input.dtype
    if dtype.kind != "f":
        return multiply_up(input, dim, np.int64, None, keepdim)
    if dtype.itemsize > 2:
        return multiply_up(input, dim, None, None, keepdim)
    return half(multiply_up(input, dim, np.float32, None, keepdim), dtype)


def others(input: Any, dim: int) -> Any:
    """For each element, the product of all others along a dimension.

    Pairs are multiplied, and their products' others sought in turn: no division, so zeros do no harm.
    """
    size = input.shape[dim]
    before = (slice(None),) * dim
    if size <= 1:
        return np.ones_like(input)
    if size % 2:
        padding = np.ones_like(input[(*before, slice(0, 1))])
        padded = others(np.concatenate((input, padding), axis=dim), dim)
        return padded[(*before, slice(0, size))]
    even = input[(*before, slice(0, None, 2))]
    odd = input[(*before, slice(1, None, 2))]
    outside = others(even * odd, dim)
    return reshaped(np.stack((outside * odd, outside * even), axis=dim + 1), input.shape)


def _all_others(input: Any) -> Any:
    return reshaped(others(reshaped(input, (-1,)), 0), input.shape)


_prod_all = operation(
    lambda input: _product(input, None, False),
    name="prod_all",
    grad_fn="ProdBackward0",
    input=lambda g, input: g * _all_others(input),
)
_prod = operation(
    _product,
    name="prod",
    grad_fn="ProdBackward1",
    input=lambda g, input, dim, keepdim: (
        g if dim is None else spread(g, input.shape, dim, keepdim) * others(input, dim)
    ),
)


def prod(
    input: Tensor,
    dim: Any = EVERYTHING,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    axis: Any = EVERYTHING,
    keepdims: bool | None = None,
) -> Tensor:
    """The product over one dimension or over everything. Whole numbers and booleans multiply to int64."""
    if axis is not EVERYTHING:
        dim = axis
    if keepdim is not False or keepdims is not None:
        keepdim = flag(keepdim, keepdims, "prod")
    array = array_of(input, "prod")
    if dtype is not None:
        return in_type(prod, input, dim, keepdim, dtype)
    if dim is EVERYTHING:
        _check_keepdim("prod", keepdim, _PROD)
        return _prod_all.function(input)
    if dim is None or isinstance(dim, (tuple, list, float, str)):
        raise TypeError(
            f"prod() received an invalid combination of arguments - got (Tensor, {type(dim).__name__}), but expected "
            f"one of:\n{_PROD}"
        )
    return _prod.function(input, one_axis(dim, array.ndim, "prod"), keepdim)


def sum_to_size(input: Tensor, *args: Any, size: Any = None) -> Tensor:
    """The sum over the dimensions that broadcasting to the input's shape would repeat, so that this size is left."""
    if not args and size is None:
        raise TypeError('sum_to_size() missing 1 required positional arguments: "size"')
    if len(args) == 1 and not isinstance(args[0], (int, tuple, list)):
        raise TypeError(
            f"sum_to_size(): argument 'size' (position 1) must be tuple of ints, not {type(args[0]).__name__}"
        )
    target = sizes(args if size is None else (size,), "sum_to_size", "size", 1)
    shape = tuple(input._array.shape)
    missing = len(shape) - len(target)
    if missing < 0 or [one for one, have in zip(target, shape[missing:], strict=True) if one not in (1, have)]:
        raise RuntimeError(f"size {{{list(target)}}} is not expandable to size {{{list(shape)}}}.")
    if not target:
        return sum(input)
    lost = [dim for dim in range(len(shape)) if dim < missing or (target[dim - missing] == 1 != shape[dim])]
    result = sum(input, tuple(lost), True) if lost else input
    return result.view(target) if missing else result


def _known(input: Any) -> Any:
    return choose(np.isnan(input), 0.0, input)


_nansum = operation(
    lambda input, dim, keepdim: total(_known(input), dim, keepdim),
    name="nansum",
    input=lambda g, input, dim, keepdim: spread(g, input.shape, dim, keepdim) * np.logical_not(np.isnan(input)),
)


def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum of all that is not nan."""
    check_tensor(input, "nansum")
    if dtype is not None:
        return in_type(nansum, input, dim, keepdim, dtype)
    if input.dtype.kind != "f":
        return sum(input, dim, keepdim)
    return _nansum.function(input, axes(dim, input.ndim, "nansum"), keepdim)


def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean of all that is not nan. RuntimeError for whole numbers."""
    check_tensor(input, "nanmean")
    if input.dtype.kind != "f":
        raise RuntimeError(
            f"nanmean(): expected input to have floating point or complex dtype but got {input.dtype.scalar_name}"
        )
    known: Any = np.logical_not(np.isnan(input.detach()))
    return nansum(input, dim, keepdim, dtype=dtype) / sum(known, dim, keepdim)


def _asked(ask: Any) -> Any:
    def forward(input: Any, dim: Any, keepdim: bool) -> Any:
        answer = ask(input, dim, keepdim)
        # PyTorch answers for bytes in bytes.
        return np.positive(answer, dtype=np.uint8, casting="unsafe") if input.dtype.char == "B" else answer

    return forward


_all = operation(_asked(all_true), name="all")
_any = operation(_asked(any_true), name="any")
_count_nonzero = operation(lambda input, dim: add_up(input != 0, dim, np.int64), name="count_nonzero")


def all(input: Tensor, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: Any = None) -> Tensor:
    """Whether all elements along `dim` are true, that is, not zero."""
    return _ask(_all, input, dim if axis is None else axis, flag(keepdim, keepdims, "all"))


def any(input: Tensor, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: Any = None) -> Tensor:
    """Whether any element along `dim` is true, that is, not zero."""
    return _ask(_any, input, dim if axis is None else axis, flag(keepdim, keepdims, "any"))


def _ask(row: Any, input: Any, dim: Any, keepdim: bool) -> Tensor:
    array = array_of(input, row.name)
    if dim.__class__ in (tuple, list) and not dim:
        answer: Tensor = np.not_equal(input, 0)
        return answer if array.dtype != np.uint8 else answer.to(input.dtype)
    return row.function(input, axes(dim, array.ndim, row.name), keepdim)


def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements along `dim` are not zero."""
    check_tensor(input, "count_nonzero")
    return _count_nonzero.function(input, axes(dim, input.ndim, "count_nonzero"))


def _np_sum(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
    return sum(a, axis, keepdims, dtype=dtype)


def _np_mean(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
    return mean(a, axis, keepdims, dtype=dtype)


def _np_prod(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
    if dtype is not None:
        a = a.to(dtypes.from_numpy(dtypes.as_numpy(dtype)))
    if axis is None:
        product = prod(a)
        return product.reshape((1,) * a.ndim) if keepdims else product
    for each in sorted(axes(axis, a.ndim, "prod") or (), reverse=True):
        a = prod(a, each, keepdims)
    return a


register(np.sum, _np_sum)
register(np.mean, _np_mean)
register(np.prod, _np_prod)
register(np.nansum, lambda a, axis=None, dtype=None, keepdims=False: nansum(a, axis, keepdims, dtype=dtype))
register(np.nanmean, lambda a, axis=None, dtype=None, keepdims=False: nanmean(a, axis, keepdims, dtype=dtype))
register(np.all, lambda a, axis=None, keepdims=False: all(a, axis, keepdims))
register(np.any, lambda a, axis=None, keepdims=False: any(a, axis, keepdims))
register(np.count_nonzero, lambda a, axis=None: count_nonzero(a, axis))
reductions[np.add] = lambda a, axis=0, dtype=None, out=None, keepdims=False: _np_sum(a, axis, dtype, None, keepdims)
reductions[np.multiply] = lambda a, axis=0, dtype=None, out=None, keepdims=False: _np_prod(
    a, axis, dtype, None, keepdims
)
reductions[np.logical_and] = lambda a, axis=0, keepdims=False: all(a, axis, keepdims)
reductions[np.logical_or] = lambda a, axis=0, keepdims=False: any(a, axis, keepdims)

attach(all, any, count_nonzero, mean, nanmean, nansum, prod, sum, sum_to_size)
