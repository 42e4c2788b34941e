"""A copy of a tensor with one of its views overwritten: `select_scatter`, `slice_scatter`, `diagonal_scatter`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.conversion import cast_quietly
from framework.operations.creation_arguments import check_tensor
from framework.operations.diagonals import _two_dims, _writable
from framework.operations.indexing import select
from framework.operations.subscripts import FULL

__all__ = ["diagonal_scatter", "select_scatter", "slice_scatter"]


def _copied(input: Any) -> Any:
    return np.copy(input, order="C" if 0 in input.strides else "K")


def _overwritten(input: Any, src: Any, index: Any) -> Any:
    out = _copied(input)
    out[index] = cast_quietly(src, input.dtype)
    return out


def _outside(g: Any, index: Any) -> Any:
    return _slice_scatter(g, np.zeros((), g.dtype), index)


_select_scatter = operation(_overwritten, name="select_scatter", input=_outside, src=lambda g, index: g[index])
_slice_scatter = operation(_overwritten, name="slice_scatter", input=_outside, src=lambda g, index: g[index])


@operation()
def _diagonal_scatter(input: Any, src: Any, offset: Any, dim1: Any, dim2: Any) -> Any:
    out = _copied(input)
    _writable(np.diagonal(out, offset, dim1, dim2))[...] = cast_quietly(src, input.dtype)
    return out


@_diagonal_scatter.derivative("input")
def _(g: Any, offset: Any, dim1: Any, dim2: Any) -> Any:
    return _diagonal_scatter(g, np.zeros((), g.dtype), offset, dim1, dim2)


_diagonal_scatter.add_derivative(lambda g, offset, dim1, dim2: np.diagonal(g, offset, dim1, dim2), "src")


def _check(name: str, input: Any, src: Any) -> None:
    check_tensor(name, "input", 1, input)
    check_tensor(name, "src", 2, src)


def _check_size(src: Tensor, shape: tuple[int, ...]) -> None:
    if src._array.shape != shape:
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. "
            f"src size = {list(src._array.shape)}, slice size = {list(shape)}"
        )


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of the tensor in which `src` takes the place of `input.select(dim, index)`."""
    _check("select_scatter", input, src)
    shape = input._array.shape
    if not (shape and -shape[normalize_dim(dim, len(shape))] <= index < shape[dim]):
        select(input, dim, index)  # which says what is wrong
    dim = normalize_dim(dim, len(shape))
    _check_size(src, shape[:dim] + shape[dim + 1 :])
    return _select_scatter.function(input, src, (FULL,) * dim + (int(index), ...))


def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """A copy of the tensor in which `src` takes the place of a slice along `dim`."""
    _check("slice_scatter", input, src)
    if not input._array.ndim:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    dim = normalize_dim(dim, input._array.ndim)
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    at = (FULL,) * dim + (slice(start, end, step),)
    _check_size(src, input._array[at].shape)
    return _slice_scatter.function(input, src, at)


def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy of the tensor in which `src` takes the place of `input.diagonal(offset, dim1, dim2)`."""
    _check("diagonal_scatter", input, src)
    dim1, dim2 = _two_dims(dim1, dim2, input._array.ndim)
    _check_size(src, np.diagonal(input._array, offset, dim1, dim2).shape)
    return _diagonal_scatter.function(input, src, offset, dim1, dim2)


attach(diagonal_scatter, select_scatter, slice_scatter)
