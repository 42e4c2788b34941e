"""The largest and smallest elements, and where they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import argmax as place_of_largest
from framework.autograd.direct import argmin as place_of_smallest
from framework.autograd.direct import in_dtype, largest, largest_of_all, reshaped, smallest, smallest_of_all
from framework.autograd.operation import Operation, operation
from framework.autograd.protocol import reductions, register
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations import bounds, return_types
from framework.operations.choosing import choose
from framework.operations.ordering import contiguous
from framework.operations.reducing import (
    EVERYTHING,
    Axes,
    add_up,
    array_of,
    axes,
    check_tensor,
    flag,
    one_axis,
    with_dims,
)

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "min"]


def _at_extreme(input: Any, out: Any) -> Any:
    """Where the extreme is; where the nans are if it is nan."""
    return np.logical_or(input == out, input != input)


def _shared_by_all(g: Any, input: Any, out: Any) -> Any:
    """The gradient of the extreme of everything, in equal parts to all that attain it."""
    mask = _at_extreme(input, out)
    return mask * (g / in_dtype(add_up(mask, axis=None), g.dtype))


def _shared_along(g: Any, input: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    """The gradient of extremes along dimensions, in equal parts to all that attain one."""
    shape = input.shape
    mask = input == with_dims(out, shape, dim, keepdim)
    g = with_dims(g, shape, dim, keepdim)
    return (mask * g) / in_dtype(add_up(mask, axis=dim, keepdims=True), g.dtype)


def _picked(g: Any, indices: Any, input_shape: Any, dim: int | None, keepdim: bool) -> Any:
    """The gradient of extremes along one dimension, each to the one element that was picked."""
    if dim is None:
        return g
    places = reshaped(np.arange(input_shape[dim], like=indices), (-1,) + (1,) * (len(input_shape) - dim - 1))
    return choose(with_dims(indices, input_shape, dim, keepdim) == places, with_dims(g, input_shape, dim, keepdim), 0.0)


def _with_index(extreme: Callable[..., Any], find: Callable[..., Any]) -> Callable[..., Any]:
    def forward(input: Any, dim: int | None, keepdim: bool) -> tuple[Any, Any]:
        places = find(input, dim, keepdim)
        if isinstance(places, np.generic):
            places = np.asarray(places)
        return extreme(input, dim, keepdim), places

    return forward


def _rows(name: str, of_all: Any, extreme: Any, find: Callable[..., Any]) -> tuple[Operation, Operation, Operation]:
    """The extreme of everything, the extremes along dimensions, and those along one with their places."""
    title = name.title()
    everything = operation(
        of_all,
        name=f"{name}_all",
        grad_fn=f"{title}Backward1",
        input=_shared_by_all,
    )
    along = operation(lambda input, dim, keepdim: extreme(input, dim, keepdim), name=f"a{name}", input=_shared_along)
    indexed = operation(
        _with_index(extreme, find),
        name=name,
        outputs=2,
        residuals=("indices",),
        input=_picked,
    )
    return everything, along, indexed


_max_all, _amax, _max = _rows("max", largest_of_all, largest, place_of_largest)
_min_all, _amin, _min = _rows("min", smallest_of_all, smallest, place_of_smallest)
_aminmax = operation(
    lambda input, dim, keepdim: [
        contiguous(smallest(input, dim, keepdim)),
        contiguous(largest(input, dim, keepdim)),
    ],
    name="aminmax",
    outputs="list",
    input=lambda g, input, dim, keepdim: (
        _shared_along(g[0], input, np.min(input, axis=dim, keepdims=keepdim), dim, keepdim)
        + _shared_along(g[1], input, np.max(input, axis=dim, keepdims=keepdim), dim, keepdim)
    ),
)
_argmax = operation(lambda input, dim, keepdim: place_of_largest(input, dim, keepdim), name="argmax")
_argmin = operation(lambda input, dim, keepdim: place_of_smallest(input, dim, keepdim), name="argmin")


def max(
    input: Tensor,
    dim: Any = EVERYTHING,
    keepdim: bool = False,
    *,
    other: Any = None,
    axis: Any = EVERYTHING,
    keepdims: bool | None = None,
) -> Any:
    """The largest of all elements; with `dim` those along it and their places; with a Tensor `maximum`.

    A nan is larger than anything.
    """
    if dim is axis is EVERYTHING and keepdim is False and other is keepdims is None and _is_filled(input):
        return _max_all.function(input)
    return _extreme(
        "max", _max_all, _max, return_types.max, bounds.maximum, input, (dim, axis), (keepdim, keepdims), other
    )


def min(
    input: Tensor,
    dim: Any = EVERYTHING,
    keepdim: bool = False,
    *,
    other: Any = None,
    axis: Any = EVERYTHING,
    keepdims: bool | None = None,
) -> Any:
    """The smallest of all elements; with `dim` those along it and their places; with a Tensor `minimum`.

    A nan is smaller than anything.
    """
    if dim is axis is EVERYTHING and keepdim is False and other is keepdims is None and _is_filled(input):
        return _min_all.function(input)
    return _extreme(
        "min", _min_all, _min, return_types.min, bounds.minimum, input, (dim, axis), (keepdim, keepdims), other
    )


def _is_filled(input: Any) -> bool:
    return isinstance(input, Tensor) and 0 not in input._array.shape


def _extreme(
    name: str, everything: Any, along: Any, pair: Any, pairwise: Any, input: Any, dims: Any, keeps: Any, other: Any
) -> Any:
    array = array_of(input, name)
    dim = dims[1] if dims[0] is EVERYTHING else dims[0]
    if other is not None:
        return pairwise.function(input, other)
    if dim is EVERYTHING:
        if 0 in array.shape:
            raise RuntimeError(_NEEDS_DIM.format(name))
        if flag(keeps[0], keeps[1], name):
            raise TypeError(f"{name}(): keepdim needs a dim")
        return everything.function(input)
    if isinstance(dim, Tensor):
        return pairwise.function(input, dim)
    if dim.__class__ is not int and (not isinstance(dim, (int, np.integer, Tensor)) or isinstance(dim, bool)):
        raise TypeError(
            f"{name}() received an invalid combination of arguments - got (Tensor, {type(dim).__name__}), but expected "
            "one of:\n * (Tensor input, *, Tensor out = None)\n * (Tensor input, Tensor other, *, Tensor out = None)\n"
            " * (Tensor input, int dim, bool keepdim = False, *, tuple of Tensors out = None)\n"
        )
    axis = _nonempty(name, array, dim)
    return pair(along.function(input, axis, flag(keeps[0], keeps[1], name)))


_NEEDS_DIM = (
    "{}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' "
    "argument."
)


def _nonempty(name: str, input: Any, dim: Any) -> int | None:
    """One dimension, which must hold something to choose from."""
    axis = one_axis(dim, input.ndim, name)
    if axis is not None and not input.shape[axis]:
        raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")
    return axis


def amax(
    input: Tensor, dim: Any = (), keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    """The largest elements over `dim`, an integer or several, or over everything. Equals share the gradient."""
    return _over("amax", _amax, input, dim if axis is None else axis, flag(keepdim, keepdims, "amax"))


def amin(
    input: Tensor, dim: Any = (), keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    """The smallest elements over `dim`, an integer or several, or over everything. Equals share the gradient."""
    return _over("amin", _amin, input, dim if axis is None else axis, flag(keepdim, keepdims, "amin"))


def _over(name: str, row: Operation, input: Any, dim: Any, keepdim: bool) -> Tensor:
    return row.function(input, _all_nonempty(name, array_of(input, name), dim), keepdim)


def _all_nonempty(name: str, input: Any, dim: Any) -> Axes | None:
    if 0 in input.shape:
        given = dim if isinstance(dim, (tuple, list)) else (dim,)
        if dim is None or not given:
            raise RuntimeError(_NEEDS_DIM.format(name))
        for each in given:
            if not input.shape[normalize_dim(each, input.ndim)]:
                raise IndexError(f"{name}(): Expected reduction dim {each} to have non-zero size.")
    return axes(dim, input.ndim, name)


def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest and the largest elements, over one dimension or over everything."""
    check_tensor(input, "aminmax")
    keepdim = flag(keepdim, None, "aminmax")
    if dim is None:
        if 0 in input.shape:
            raise RuntimeError(
                "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
            )
        return return_types.aminmax(_aminmax.function(input, None, keepdim))
    axis = one_axis(dim, input.ndim, "aminmax")
    if axis is not None and not input.shape[axis]:
        raise IndexError(f"aminmax: Expected reduction dim {axis} to have non-zero size.")
    return return_types.aminmax(_aminmax.function(input, axis, keepdim))


def argmax(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    """Where the largest element is, along `dim` or in the flattened tensor: the first of equals."""
    return _place("argmax", _argmax, input, dim if axis is None else axis, flag(keepdim, keepdims, "argmax"))


def argmin(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool | None = None
) -> Tensor:
    """Where the smallest element is, along `dim` or in the flattened tensor: the first of equals."""
    return _place("argmin", _argmin, input, dim if axis is None else axis, flag(keepdim, keepdims, "argmin"))


def _place(name: str, row: Operation, input: Any, dim: Any, keepdim: bool) -> Tensor:
    array = array_of(input, name)
    if array.dtype.kind == "b":
        raise RuntimeError(f"{name}(): does not support bool input")
    if dim is None and 0 in array.shape:
        raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
    return row.function(input, None if dim is None else _nonempty(name, array, dim), keepdim)


def _np_amax(a: Any, axis: Any = None, out: None = None, keepdims: bool = False) -> Tensor:
    return amax(a, () if axis is None else axis, keepdims)


def _np_amin(a: Any, axis: Any = None, out: None = None, keepdims: bool = False) -> Tensor:
    return amin(a, () if axis is None else axis, keepdims)


register(np.max, _np_amax)
register(np.amax, _np_amax)
register(np.min, _np_amin)
register(np.amin, _np_amin)
register(np.argmax, lambda a, axis=None, out=None, *, keepdims=False: argmax(a, axis, keepdims))
register(np.argmin, lambda a, axis=None, out=None, *, keepdims=False: argmin(a, axis, keepdims))
reductions[np.maximum] = lambda a, axis=0, dtype=None, out=None, keepdims=False: _np_amax(a, axis, None, keepdims)
reductions[np.minimum] = lambda a, axis=0, dtype=None, out=None, keepdims=False: _np_amin(a, axis, None, keepdims)

attach(amax, amin, aminmax, argmax, argmin, max, min)
