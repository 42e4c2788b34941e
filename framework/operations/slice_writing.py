"""Write slices of a dimension, named by a vector of indices: `index_add`, `index_copy`, `index_fill`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import Tensor, operation
from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.autograd.direct import reshaped
from framework.autograd.tensor import normalize_dim, wrap
from framework.operations.accumulation import add_at
from framework.operations.creation_arguments import check_tensor
from framework.operations.gathering import _index_select, check_arguments, check_index, outside
from framework.operations.layout import copied
from framework.operations.overwriting import as_scalar
from framework.operations.subscripts import FULL

__all__ = ["index_add", "index_copy", "index_fill"]


@operation(name="index_add")
def _index_add(input: Any, dim: Any, index: Any, source: Any, alpha: Any) -> Any:
    out = copied(input)
    source = source if alpha == 1 else source * alpha
    add_at(reshaped(out, out.shape or (1,)), (FULL,) * dim + (index,), source)
    return out


_index_add.add_derivative(lambda g: g, "input")


@_index_add.derivative("source")
def _(g: Any, dim: Any, index: Any, alpha: Any) -> Any:
    taken = _index_select(g, dim, index)
    return taken if alpha == 1 else taken * alpha


@operation(name="index_copy")
def _index_copy(input: Any, dim: Any, index: Any, source: Any) -> Any:
    out = copied(input)
    reshaped(out, out.shape or (1,))[(FULL,) * dim + (index,)] = source
    return out


_index_copy.add_derivative(lambda g, dim, index: _index_select(g, dim, index), "source")


@operation(name="index_fill")
def _index_fill(input: Any, dim: Any, index: Any, value: Any) -> Any:
    out = np.copy(input)
    reshaped(out, out.shape or (1,))[(FULL,) * dim + (index,)] = value
    return out


_index_copy.add_derivative(lambda g, dim, index: _index_fill(g, dim, index, 0.0), "input")


_index_fill.add_derivative(lambda g, dim, index: _index_fill(g, dim, index, 0.0), "input")


_index_fill_with = operation(_index_fill.forward, name="index_fill_tensor", grad_fn="IndexFillBackward1")


_index_fill_with.add_derivative(lambda g, dim, index: _index_fill(g, dim, index, 0.0), "input")


@_index_fill_with.derivative("value")
def _(g: Any, dim: Any, index: Any) -> Any:
    # A slice that is named twice is filled once.
    g = g if g.ndim else reshaped(g, (1,))
    size = g.shape[dim]
    return np.add.reduce(_index_select(g, dim, np.unique(index % size)), axis=None)


def check_slices(name: str, input: Tensor, index: Tensor, source: Tensor) -> None:
    """Raises unless `index` is a vector of int32 or int64 and the types of the two others agree."""
    found = index._array
    if found.ndim > 1:
        raise IndexError(
            f"{name}(): Index is supposed to be a vector, but got dim: {found.ndim} with type: "
            f"{index.dtype.scalar_name} and size: {list(found.shape)}"
        )
    if found.dtype.kind != "i" or found.itemsize < 4:
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index but got: {index.dtype.scalar_name}")
    if source._array.dtype != input._array.dtype:
        raise RuntimeError(
            f"{name}(): self ({input.dtype.scalar_name}) and source ({source.dtype.scalar_name}) must have the same "
            "scalar type"
        )


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """A copy with each slice of `source` added to the slice of a dimension that `index` (1-D) names."""
    dim = check_index(input, dim, index, "index_add", 3)
    check_tensor("index_add", "source", 4, source)
    array, found, given = input._array, index._array, source._array.shape
    shape = array.shape
    check_slices("index_add_", input, index, source)
    if found.size != (given[dim] if given else 1):
        if not given:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        raise RuntimeError(
            f"index_add_(): Number of indices ({found.size}) should be equal to source.size(dim): ({given[dim]}), "
            f"for dim: {dim}"
        )
    if len(shape) != len(given) or shape[:dim] + shape[dim + 1 :] != given[:dim] + given[dim + 1 :]:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(shape)} source.shape = {list(given)}"
        )
    if len(shape) < 2 or array.size:
        decide(_refuse_added, found, shape, dim)
    else:
        # There is nothing to add to, and PyTorch does not look at the index.
        return _index_add.function(input, dim, wrap(found[:0]), source[(FULL,) * dim + (slice(0, 0),)], alpha)
    if array.dtype.kind != "f":
        alpha = as_scalar("index_add", alpha, array.dtype)
    return _index_add.function(input, dim, index, source, alpha)


def _refuse_added(found: Any, shape: tuple[int, ...], dim: int) -> None:
    wrong = outside(found, shape[dim] if shape else 1)
    if wrong is not None:
        if len(shape) > 1 and dim in (0, len(shape) - 1):
            raise RuntimeError(f"index {wrong} is out of bounds for dimension {dim} with size {shape[dim]}")
        raise IndexError("index out of range in self")


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """A copy with the slices of a dimension that `index` (1-D) names replaced by those of `source`."""
    dim = check_index(input, dim, index, "index_copy", 3)
    check_tensor("index_copy", "source", 4, source)
    array, found, given = input._array, index._array, source._array.shape
    shape = array.shape
    _check_copied(input, index, source)
    beside, given_beside = (list(each[:dim] + each[dim + 1 :]) for each in (shape, given))
    if beside != given_beside:
        raise RuntimeError(
            "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
            f"{' '.join(map(str, beside))} at dimension {dim} and source slice shape: "
            f"{' '.join(map(str, given_beside))} at dimension 0."
        )
    if given and found.size != given[dim]:
        raise IndexError(
            f"index_copy_(): Number of indices ({found.size}) should be equal to source.size(dim) ({given[dim]})"
        )
    if len(shape) > 1 and not array.size:
        return _index_copy.function(input, dim, wrap(found[:0]), source[(FULL,) * dim + (slice(0, 0),)])
    decide(_refuse_copied, found, shape[dim] if shape else 1, dim)
    return _index_copy.function(input, dim, index if found.ndim else index[None], source)


def _check_copied(input: Tensor, index: Tensor, source: Tensor) -> None:
    shape, given, found = input._array.shape, source._array.shape, index._array
    if found.ndim > 1:
        raise IndexError(f"index_copy_(): Index should have dimension 1 or 0 (got {found.ndim})")
    if not given and found.size != 1:
        raise IndexError(f"index_copy_(): When source is scalar, index should have one element (got {found.size})")
    if shape and given and len(shape) != len(given):
        raise IndexError(
            "index_copy_(): When source and destination are not scalars, their dimensionality must match. Source "
            f"dimensionality ({len(given)}), destination dimensionality ({len(shape)})"
        )
    if found.dtype != np.int64:
        raise RuntimeError(f"index_copy_(): Expected a long tensor for index, but got {index.dtype.scalar_name}")
    if source._array.dtype != input._array.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{input.dtype.scalar_name} and (source) {source.dtype.scalar_name}"
        )


def _refuse_copied(found: Any, size: int, dim: int) -> None:
    wrong = outside(found, size)
    if wrong is not None:
        raise IndexError(f"index_copy_(): index {wrong} is out of bounds for dimension {dim} with size {size}")


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """A copy with the slices of a dimension that `index` (1-D) names filled with `value`."""
    check_arguments(input, dim, index, "index_fill", 3)
    if index._array.dtype != np.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    dim = normalize_dim(dim, input._array.ndim)
    if index._array.ndim > 1:
        raise RuntimeError("Index has to be a vector/scalar")
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._array.ndim} dimension(s)."
        )
    shape = input._array.shape or (1,)
    found, size = index._array, shape[dim]
    empty = size > 0 and 0 in shape
    if found.size and not empty:
        decide(_refuse_beyond, found, size, dim)
    if empty:
        # There is nothing to fill, and PyTorch does not look at the index.
        index = index.reshape(-1)[:0]
    if isinstance(value, Tensor):
        return _index_fill_with.function(input, dim, index, value)
    return _index_fill.function(input, dim, index, as_scalar("index_fill", value, input._array.dtype))


def _refuse_beyond(found: Any, size: int, dim: int) -> None:
    if not (found.min() >= -size and found.max() < size):
        wrong = found[(found < -size) | (found >= size)].flat[0]
        raise IndexError(f"index {wrong} is out of bounds for dimension {dim} with size {size}")


attach(index_add, index_copy, index_fill, inplace=[index_add, index_copy, index_fill])
