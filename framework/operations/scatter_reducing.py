"""Put elements along a dimension and reduce those that meet: `scatter_reduce` and `index_reduce`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import Tensor, operation
from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.operations.accumulation import add_at
from framework.operations.choosing import choose
from framework.operations.creation_arguments import check_tensor, type_name
from framework.operations.gathering import along, check_index, check_range, gather_along
from framework.operations.halves import half
from framework.operations.once import warn_once
from framework.operations.ordering import check_flag
from framework.operations.scattering import _check_scatter, _cut, _scatter_add, _scatter_value, _uncut
from framework.operations.slice_writing import check_slices

__all__ = ["index_reduce", "scatter_reduce"]

# PyTorch knows two of them under another name as well.
_ALIASES = {"max": "amax", "min": "amin"}
_UFUNCS = {"sum": np.add, "mean": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum}


def _start(reduce: str, dtype: np.dtype[Any]) -> Any:
    """What changes nothing that it is reduced with."""
    if reduce in ("sum", "mean"):
        return 0
    if reduce == "prod":
        return 1
    if dtype.kind == "f":
        return -np.inf if reduce == "amax" else np.inf
    if dtype.kind == "b":
        return reduce == "amin"
    limits = np.iinfo(dtype)
    return limits.min if reduce == "amax" else limits.max


def _reduced(input: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool) -> Any:
    dtype = input.dtype
    if dtype.kind == "f" and dtype.itemsize == 2:
        wide = _reduced(np.astype(input, np.float32), dim, index, np.astype(src, np.float32), reduce, include_self)
        return half(wide, dtype)
    out = np.copy(input, order="C")
    flat = np.reshape(out, out.shape or (1,))
    subscript = along(index, dim)
    if not include_self:
        flat[subscript] = _start(reduce, dtype)
    part = _cut(src, index)
    if _UFUNCS[reduce] is np.add:
        add_at(flat, subscript, part)
    else:
        _UFUNCS[reduce].at(flat, subscript, part)
    if reduce == "mean":
        if index.ndim == 1:
            counts = np.reshape(np.bincount(index, minlength=flat.shape[0]), out.shape)
        else:
            counts = np.zeros_like(out, np.int64)
            add_at(np.reshape(counts, flat.shape), subscript, np.ones_like(part, np.int64))
        counts = np.maximum(counts + 1 if include_self else counts, 1)
        out = out / np.astype(counts, dtype) if dtype.kind == "f" else out // np.astype(counts, dtype)
    return out


def _counts(g: Any, dim: int, index: Any, include_self: bool) -> Any:
    """How many elements met at each place, in the type of the gradient; 1 where none did."""
    start = np.ones_like(g) if include_self else np.zeros_like(g)
    return np.maximum(_scatter_add(start, dim, index, np.ones_like(g, shape=index.shape)), 1)


def _masks(input: Any, src: Any, out: Any, dim: int, index: Any) -> tuple[Any, Any, Any]:
    """Where the input and the source attain the extreme, and how many do at each place."""
    one = np.astype(input == out, input.dtype)
    other = np.astype(src == gather_along(out, dim, index), input.dtype)
    return one, other, _scatter_add(one, dim, index, other)


def _apart(values: Any, zeros: Any) -> Any:
    return choose(zeros, 1.0, values)


def _product_of_others(input: Any, src: Any, dim: int, index: Any, include_self: bool) -> tuple[Any, Any]:
    """For each element, the product of the others that it met: by division, zeros told apart."""
    input_zero, src_zero = np.equal(input, 0), np.equal(src, 0)
    one, other = _apart(input, input_zero), _apart(src, src_zero)
    product = _scatter_reduce(one, dim, index, other, "prod", include_self)
    start = np.astype(input_zero, input.dtype)
    if not include_self:
        start = _scatter_value(start, dim, index, 0.0)
    zeros = _scatter_add(start, dim, index, np.astype(src_zero, input.dtype))
    zeros_at, product_at = gather_along(zeros, dim, index), gather_along(product, dim, index)
    return (
        (zeros == np.astype(input_zero, input.dtype)) * (product / one),
        (zeros_at == np.astype(src_zero, input.dtype)) * (product_at / other),
    )


def _input_slope(g: Any, input: Any, dim: Any, index: Any, src: Any, reduce: Any, include_self: Any, out: Any) -> Any:
    part = _cut(src, index)
    if reduce == "mean":
        slope = g / _counts(g, dim, index, include_self)
    elif reduce == "prod":
        slope = g * _product_of_others(input, part, dim, index, include_self)[0]
    elif reduce == "sum":
        slope = g
    else:
        one, _, number = _masks(input, part, out, dim, index)
        slope = g / number * one
    return slope if include_self else _scatter_value(slope, dim, index, 0.0)


def _src_slope(g: Any, input: Any, dim: Any, index: Any, src: Any, reduce: Any, include_self: Any, out: Any) -> Any:
    part = _cut(src, index)
    if reduce == "mean":
        slope = gather_along(g / _counts(g, dim, index, include_self), dim, index)
    elif reduce == "prod":
        slope = gather_along(g, dim, index) * _product_of_others(input, part, dim, index, include_self)[1]
    elif reduce == "sum":
        slope = gather_along(g, dim, index)
    else:
        _, other, number = _masks(input, part, out, dim, index)
        slope = other * gather_along(g / number, dim, index)
    return _uncut(slope, src.shape)


_scatter_reduce = operation(_reduced, name="scatter_reduce", input=_input_slope, src=_src_slope)
_index_reduce = operation(_reduced, name="index_reduce", input=_input_slope, src=_src_slope)


def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """A copy in which each place holds the reduction of all `src[i][j]` that go to `[index[i][j]][j]` for `dim=0`.

    reduce: "sum", "prod", "mean", "amax" or "amin". include_self: the old value takes part.
    """
    check_tensor("scatter_reduce", "src", 4, src)
    check_flag("scatter_reduce", "include_self", include_self)
    _check_reduce("scatter_reduce", reduce)
    reduce = _ALIASES.get(reduce, reduce)
    if reduce not in _UFUNCS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    dim = _check_scatter("scatter_reduce", input, dim, index, src)
    if reduce == "mean" and input._array.dtype.kind == "b":
        raise NotImplementedError("\"scatter_gather_tensor_cpu_reduce_mean\" not implemented for 'Bool'")
    if not index._array.size:
        index = index.reshape((0,) * input._array.ndim)
    check_range(index._array, input._array.shape, dim)
    return _scatter_reduce.function(input, dim, index, src, reduce, include_self)


def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """A copy with each slice of `source` reduced into the slice of a dimension that `index` (1-D) names.

    reduce: "prod", "mean", "amax" or "amin". include_self: the old value takes part.
    """
    dim = check_index(input, dim, index, "index_reduce", 2)
    check_tensor("index_reduce", "source", 3, source)
    check_flag("index_reduce", "include_self", include_self)
    _check_reduce("index_reduce", reduce)
    if reduce not in _UFUNCS or reduce == "sum":
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    _check_slices(input, dim, index, source)
    warn_once("index_reduce() is in beta and the API may change at any time.")
    if input._array.dtype.kind == "b":
        _check_booleans(input._array.ndim, reduce, include_self)
    given = source._array.shape
    # Each slice's place, for every element of it.
    places = index.reshape((-1,) + (1,) * (len(given) - dim - 1)).expand(given) if given else index.reshape(())
    return _index_reduce.function(input, dim, places, source, reduce, include_self)


def _check_reduce(name: str, reduce: Any) -> None:
    if not isinstance(reduce, str):
        raise TypeError(f"{name}(): argument 'reduce' (position 5) must be str, not {type_name(reduce)}")


def _check_booleans(ndim: int, reduce: str, include_self: bool) -> None:
    """Raises where PyTorch has no way for booleans."""
    kernel = "index_func_" if ndim < 2 else "div_floor_cpu" if reduce == "mean" else None
    if not include_self:
        kernel = "index_reduce_func_exclude_input_init"
    if kernel is not None:
        raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")


def _check_slices(input: Tensor, dim: int, index: Tensor, source: Tensor) -> None:
    array, found, given = input._array, index._array, source._array
    check_slices("index_reduce_", input, index, source)
    if given.ndim and dim >= given.ndim:
        raise IndexError(
            f"index_reduce_(): Indexing dim {dim} is out of bounds of the source tensor with dim {given.ndim}"
        )
    number = given.shape[dim] if given.ndim else 1
    if found.size != number:
        raise RuntimeError(
            f"index_reduce_(): Number of indices ({found.size}) should be equal to source.size(dim): ({number}), for "
            f"dim: {dim}"
        )
    shape = array.shape
    if shape[:dim] + shape[dim + 1 :] != given.shape[:dim] + given.shape[dim + 1 :] or len(shape) != given.ndim:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(shape)} source.shape = {list(given.shape)}"
        )
    if found.size:
        decide(_refuse_outside, found, shape[dim] if shape else 1)


def _refuse_outside(found: Any, size: int) -> None:
    if not (found.min() >= 0 and found.max() < size):
        raise IndexError("index out of range in self")


attach(index_reduce, scatter_reduce, inplace=[index_reduce, scatter_reduce])
