"""The element at a place in the order, or the most frequent one: `kthvalue`, `median`, `nanmedian`, `mode`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import in_dtype, reshaped, taken_along
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations import return_types, selection
from framework.operations.choosing import choose
from framework.operations.creation_arguments import read_integer
from framework.operations.extremes import _picked
from framework.operations.ordering import (
    along_last,
    arrange_stably,
    check_flag,
    contiguous,
    from_last,
    repeats,
    stable_order,
    to_last,
    with_places,
)
from framework.operations.reducing import EVERYTHING, add_up, check_tensor, one_axis

__all__ = ["kthvalue", "median", "mode", "nanmedian"]


def _taken(rows: Any, places: Any, dim: int | None, keepdim: bool) -> tuple[Any, Any]:
    """The elements at one place of each row, and the places; the dimension stays with `keepdim`."""
    if dim is None:
        return np.copy(reshaped(rows, ())), reshaped(places, ())
    values = along_last(rows, places[..., None])
    if keepdim:
        return from_last(values, dim), from_last(places[..., None], dim)
    return contiguous(values[..., 0]), contiguous(places)


@operation(name="kthvalue", outputs=2, residuals=("indices",))
def _kthvalue(input: Any, k: int, dim: int | None, keepdim: bool) -> tuple[Any, Any]:
    rows = to_last(input, dim)
    order, values = arrange_stably(rows, False)
    if rows.__class__ is np.ndarray and 0 < rows.size <= selection.LIMIT and repeats(values):
        order = selection.rearranged(selection.ranks(order, values), selection.quickselect, k - 1)
    return _taken(rows, order[..., k - 1], dim, keepdim)


def _median_along(input: Any, dim: int | None, keepdim: bool) -> tuple[Any, Any]:
    rows = to_last(input, dim)
    size = rows.shape[-1]
    places = stable_order(rows, False)[..., (size - 1) // 2]
    if input.dtype.kind == "f":
        unknown = np.isnan(rows)
        places = np.where(np.any(unknown, axis=-1), np.argmax(unknown, axis=-1), places)
    return _taken(rows, places, dim, keepdim)


def _nanmedian_along(input: Any, dim: int | None, keepdim: bool) -> tuple[Any, Any]:
    rows = to_last(input, dim)
    known = np.add.reduce(np.logical_not(np.isnan(rows)), axis=-1, dtype=np.int64)
    middle = np.maximum(known - 1, 0) // 2
    places = taken_along(stable_order(rows, False), middle[..., None], -1)[..., 0]
    return _taken(rows, places, dim, keepdim)


def _median_all(input: Any) -> Any:
    flat = reshaped(input, (-1,))
    if not flat.shape[0]:
        return _of_nothing(input)
    middle = (flat.shape[0] - 1) // 2
    if input.dtype.kind != "f":
        return np.partition(flat, middle)[middle]
    # The greatest is nan if any is.
    parted = np.partition(flat, (middle, flat.shape[0] - 1))
    if parted.__class__ is np.ndarray:
        greatest = parted[-1]
        return parted[middle] if greatest == greatest else greatest
    return np.where(np.isnan(parted[-1]), parted[-1], parted[middle])


def _nanmedian_all(input: Any) -> Any:
    flat = reshaped(input, (-1,))
    if not flat.shape[0]:
        return _of_nothing(input)
    known = np.add.reduce(np.logical_not(np.isnan(flat)), axis=None, dtype=np.int64)
    return np.take(np.sort(flat), np.maximum(known - 1, 0) // 2)


def _of_nothing(input: Any) -> Any:
    """nan as the median of an empty array, or what a processor makes of it in the array's type."""
    kind = input.dtype.kind
    value = np.nan if kind == "f" else kind == "b" or (np.iinfo(input.dtype).min if input.dtype.itemsize > 2 else 0)
    return np.full_like(input, value, shape=())


def _shared(g: Any, input: Any, out: Any) -> Any:
    """The gradient of an element in equal parts to all that equal it."""
    mask = np.logical_or(input == out, np.logical_and(np.isnan(input), np.isnan(out)))
    return mask * (g / in_dtype(add_up(mask, axis=None), g.dtype))


@operation(name="mode", outputs=2, residuals=("indices",))
def _mode(input: Any, dim: int | None, keepdim: bool) -> tuple[Any, Any]:
    rows = to_last(input, dim)
    size = rows.shape[-1]
    order, values = arrange_stably(rows, False)
    # PyTorch's sort does not know where nans belong, but leaves them somewhere.
    if rows.__class__ is np.ndarray and rows.size <= selection.LIMIT and (size > 16 or bool((rows != rows).any())):
        order = selection.rearranged(rows, selection.introsort)
        values = along_last(rows, order)
    places = np.arange(size, like=order)
    last = np.concatenate((values[..., 1:] != values[..., :-1], np.ones_like(values[..., :1], np.bool_)), axis=-1)
    # The length of a run, told at its end: from the end of the run before.
    ends = choose(last, places, -1)
    before = np.concatenate((np.full_like(ends[..., :1], -1), ends[..., :-1]), axis=-1)
    runs = choose(last, places - np.maximum.accumulate(before, axis=-1), 0)
    found = taken_along(order, np.argmax(runs, axis=-1, keepdims=True), -1)[..., 0]
    return _taken(rows, found, dim, keepdim)


def _along_row(forward: Any, name: str, grad_fn: str) -> Any:
    return operation(forward, name=name, grad_fn=grad_fn, outputs=2, residuals=("indices",))


_median = _along_row(_median_along, "median", "MedianBackward1")
_nanmedian = _along_row(_nanmedian_along, "nanmedian", "NanmedianBackward1")
for _row in (_kthvalue, _median, _nanmedian, _mode):
    _row.add_derivative(
        lambda g, indices, input_shape, dim, keepdim: _picked(g, indices, input_shape, dim, keepdim), "input"
    )
_whole_median = operation(_median_all, name="median_all", grad_fn="MedianBackward0", input=_shared)
_whole_nanmedian = operation(_nanmedian_all, name="nanmedian_all", grad_fn="NanmedianBackward0", input=_shared)


def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The k-th smallest element along a dimension, counted from 1, and where it is."""
    check_tensor(input, "kthvalue")
    k = k if k.__class__ is int else read_integer("kthvalue", "k", 2, k)
    axis = _axis("kthvalue", input, dim, 3, keepdim)
    shape = input._array.shape
    if axis is not None and not shape[axis]:
        raise _empty("kthvalue", axis)
    if not 1 <= k <= (1 if axis is None else shape[axis]):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis or 0}")
    if axis is not None:
        _refuse("kthvalue_cpu", input)
    return with_places(_kthvalue, return_types.kthvalue, input, k, axis, keepdim)


def median(input: Tensor, dim: Any = EVERYTHING, keepdim: bool = False) -> Any:
    """The middle element, the lower of two, of all; with `dim` those along it and where they are. nan if any is."""
    return _middles("median", input, dim, keepdim, _whole_median, _median, return_types.median)


def nanmedian(input: Tensor, dim: Any = EVERYTHING, keepdim: bool = False) -> Any:
    """The middle element, the lower of two, of those that are not nan; with `dim` also where they are."""
    whole, along = (_whole_nanmedian, _nanmedian) if _is_floating(input) else (_whole_median, _median)
    return _middles("nanmedian", input, dim, keepdim, whole, along, return_types.nanmedian)


def _is_floating(input: Any) -> bool:
    return isinstance(input, Tensor) and input._array.dtype.kind == "f"


def _middles(name: str, input: Any, dim: Any, keepdim: Any, whole: Any, along: Any, named: Any) -> Any:
    check_tensor(input, name)
    if dim is EVERYTHING:
        if keepdim is not False:
            raise TypeError(f'{name}() missing 1 required positional arguments: "dim"')
        if input._array.size:
            _refuse("median_cpu", input)
        return whole.function(input)
    axis = _axis(name, input, dim, 2, keepdim)
    if axis is not None and not input._array.shape[axis]:
        raise _empty("median", axis)
    _refuse("median_out", input)
    return with_places(along, named, input, axis, keepdim)


def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent element along a dimension, the smallest of several such, and one place where it is."""
    check_tensor(input, "mode")
    axis = _axis("mode", input, dim, 2, keepdim)
    if axis is not None and not input._array.shape[axis]:
        raise _empty("mode", axis)
    return with_places(_mode, return_types.mode, input, axis, keepdim)


def _axis(name: str, input: Tensor, dim: Any, position: int, keepdim: Any) -> int | None:
    """The dimension counted from the front, None if there is none."""
    dim = dim if dim.__class__ is int else read_integer(name, "dim", position, dim)
    check_flag(name, "keepdim", keepdim)
    return one_axis(dim, input._array.ndim, name)


def _empty(name: str, axis: int) -> IndexError:
    return IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")


def _refuse(kernel: str, input: Tensor) -> None:
    """Raises where PyTorch does not select among elements of the type."""
    dtype = input._array.dtype
    if dtype.kind == "b" or (dtype.kind == "u" and dtype.itemsize > 1):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtypes.from_numpy(dtype).scalar_name}'")


attach(kthvalue, median, mode, nanmedian)
