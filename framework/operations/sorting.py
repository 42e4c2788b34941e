"""Sorts along a dimension: `sort`, `argsort`, `msort`, and the largest or smallest few, `topk`.

A nan is greater than any number. Places of equal elements are PyTorch's where rows are short.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations import return_types, selection
from framework.operations.creation_arguments import read_integer
from framework.operations.ordering import (
    along_last,
    arrange,
    arrange_stably,
    check_flag,
    from_last,
    laid_as,
    mismatch,
    place_along,
    repeats,
    stable_order,
    to_last,
    with_places,
)
from framework.operations.reducing import check_tensor

__all__ = ["argsort", "msort", "sort", "topk"]


def _sorted(input: Any, dim: int | None, descending: bool, stable: bool) -> tuple[Any, Any]:
    if dim == 0 and input.ndim == 1:
        order, values = arrange(input, descending, stable)
        return values, order
    order, values = arrange(to_last(input, dim), descending, stable)
    return laid_as(input, values, dim), laid_as(input, order, dim)


def _sort_row(name: str, grad_fn: str) -> Any:
    row = operation(_sorted, name=name, grad_fn=grad_fn, outputs=2, residuals=("indices",))
    row.add_derivative(lambda g, input_shape, dim, indices: place_along(g, input_shape, dim, indices), "input")
    return row


_sort = _sort_row("sort", "SortBackward0")
_sort_stable = _sort_row("sort_stable", "SortBackward1")
_argsort = operation(lambda input, dim, descending, stable: _sorted(input, dim, descending, stable)[1], name="argsort")

# Tells `x.sort()` from `x.sort(stable=None)`, which PyTorch records under another name.
_UNSAID: Any = object()
_SAYABLE = (object, bool, type(None))

_SIGNATURES = {
    name: (
        f"Tensor input, *, bool stable, int dim = -1, bool descending = False{out}",
        f"Tensor input, int dim = -1, bool descending = False{rest}",
    )
    for name, out, rest in (
        ("sort", ", tuple of Tensors out = None", ", *, tuple of Tensors out = None"),
        ("argsort", ", Tensor out = None", ""),
    )
}


def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: Any = _UNSAID) -> Any:
    """The elements in order along a dimension, and where they were; with `stable`, equal ones stay in their order."""
    axis = _axis("sort", input, dim, descending, stable)
    if stable is _UNSAID:
        return with_places(_sort, return_types.sort, input, axis, descending, False)
    return with_places(_sort_stable, return_types.sort, input, axis, descending, bool(stable))


def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: Any = _UNSAID) -> Tensor:
    """Where the elements along a dimension were before they are put in order."""
    if stable is None:
        raise mismatch("argsort", [("", input), ("stable", None)], _SIGNATURES["argsort"])
    axis = _axis("argsort", input, dim, descending, stable)
    return _argsort.function(input, axis, descending, stable is True)


def msort(input: Tensor) -> Tensor:
    """The elements in order along the first dimension."""
    check_tensor(input, "msort")
    return _sort.function(input, 0 if input.ndim else None, False, False)[0]


def _axis(name: str, input: Any, dim: Any, descending: Any, stable: Any) -> int | None:
    """The dimension counted from the front, None if there is none."""
    check_tensor(input, name)
    if dim.__class__ is not int or descending.__class__ is not bool or stable.__class__ not in _SAYABLE:
        dim = _read_axis(name, input, dim, descending, stable)
    ndim = input._array.ndim
    axis = normalize_dim(dim, ndim)
    return axis if ndim else None


def _read_axis(name: str, input: Any, dim: Any, descending: Any, stable: Any) -> int:
    if descending.__class__ is bool and stable.__class__ in _SAYABLE:
        try:
            return read_integer(name, "dim", 2, dim)
        except TypeError:
            pass
    given = [("", input), *([] if dim == -1 else [("", dim)])]
    given += [] if descending is False else [("descending", descending)]
    given += [] if stable is _UNSAID else [("stable", stable)]
    raise mismatch(name, given, _SIGNATURES[name])


def _chosen(rows: Any, k: int, largest: bool, ordered: bool) -> Any:
    """The places of the k largest or smallest elements along the last dimension, in order."""
    size = rows.shape[-1]
    if rows.__class__ is not np.ndarray or not k:
        return stable_order(rows, largest)[..., :k]
    small = rows.size <= selection.LIMIT
    if size >= 256 and size > 16 * k and not small:
        found = _few(rows, k, largest)
        if found is not None:
            return found
    order, values = arrange_stably(rows, largest)
    # One more than asked for tells whether there was a choice.
    if small and (not ordered or repeats(values[..., : k + 1])):
        return _as_selected(rows, k, largest, ordered)
    return order[..., :k]


def _as_selected(rows: Any, k: int, largest: bool, ordered: bool) -> Any:
    """As PyTorch chooses among equal elements, and leaves those that it need not order."""
    keys = selection.ranks(*arrange_stably(rows, False))
    keys = -keys if largest else keys
    if k * 64 <= rows.shape[-1]:
        return selection.rearranged(keys, selection.partial_sort, k)[..., :k]
    return selection.rearranged(keys, selection.nth_element, k - 1, ordered)[..., :k]


def _few(rows: Any, k: int, largest: bool) -> Any | None:
    """The places of a few of many elements; None where there are nans.

    The k-th of the extremes of parts is a bound that few elements pass: those alone are put in order.
    """
    size = rows.shape[-1]
    flat = rows.reshape(-1, size)
    count = max(2 * k, math.isqrt(size))
    parts = flat[:, : size // count * count].reshape(len(flat), -1, count)
    extremes = parts.max(axis=1) if largest else parts.min(axis=1)
    if rows.dtype.kind == "f" and (np.isnan(extremes).any() or np.isnan(flat[:, size // count * count :]).any()):
        return None
    nth = count - k if largest else k - 1
    extremes.partition(nth, axis=-1)
    bound = extremes[:, nth : nth + 1]
    row, place = np.nonzero(flat >= bound if largest else flat <= bound)
    values = flat[row, place]
    # By row, then by value; places stand in order already.
    order = stable_order(values, largest)
    order = order[row[order].argsort(kind="stable")]
    starts = np.searchsorted(row, np.arange(len(flat)))
    return place[order[starts[:, None] + np.arange(k)]].reshape(*rows.shape[:-1], k)


@operation(name="topk", outputs=2, residuals=("indices",))
def _topk(input: Any, k: int, dim: int | None, largest: bool, sorted: bool) -> tuple[Any, Any]:
    if dim is None:
        return np.copy(input), np.zeros_like(input, np.int64)
    rows = to_last(input, dim)
    order = _chosen(rows, k, largest, sorted)
    values = along_last(rows, order)
    return from_last(values, dim), from_last(order, dim)


@_topk.derivative("input")
def _(g: Any, input_shape: Any, dim: Any, indices: Any) -> Any:
    return place_along(g, input_shape, dim, indices)


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The `k` largest (or smallest) elements along a dimension, greatest (or smallest) first, and where they are."""
    check_tensor(input, "topk")
    if (
        k.__class__ is not int
        or dim.__class__ is not int
        or largest.__class__ is not bool
        or sorted.__class__ is not bool
    ):
        k, dim = read_integer("topk", "k", 2, k), read_integer("topk", "dim", 3, dim)
        check_flag("topk", "largest", largest)
        check_flag("topk", "sorted", sorted)
    array = input._array
    axis = normalize_dim(dim, array.ndim)
    if not 0 <= k <= (array.shape[axis] if array.ndim else 1):
        raise RuntimeError("selected index k out of range")
    if array.dtype.kind == "b":
        raise RuntimeError("topk does not support bool dtypes on CPU")
    if array.dtype.kind == "u" and array.itemsize > 1:
        raise NotImplementedError(f"\"topk_cpu\" not implemented for '{dtypes.from_numpy(array.dtype).scalar_name}'")
    return with_places(_topk, return_types.topk, input, k, axis if array.ndim else None, largest, sorted)


def _np_sort(a: Any, axis: int | None = -1, kind: Any = None, *, stable: bool | None = None) -> Tensor:
    wanted = bool(stable) or kind in ("stable", "mergesort")
    return (sort(a.reshape(-1), stable=wanted) if axis is None else sort(a, axis, stable=wanted))[0]


def _np_argsort(a: Any, axis: int | None = -1, kind: Any = None, *, stable: bool | None = None) -> Tensor:
    wanted = bool(stable) or kind in ("stable", "mergesort")
    return argsort(a.reshape(-1), stable=wanted) if axis is None else argsort(a, axis, stable=wanted)


register(np.sort, _np_sort)
register(np.argsort, _np_argsort)
# What is sorted is parted at every place.
register(np.partition, lambda a, kth, axis=-1, kind="introselect": _np_sort(a, axis))
register(np.argpartition, lambda a, kth, axis=-1, kind="introselect": _np_argsort(a, axis))

attach(argsort, msort, sort, topk)
