"""Triangles and diagonals of matrices: `tril`, `triu`, `diagonal`, `diag`, `diag_embed`."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from framework.autograd import Tensor, dtypes, operation
from framework.autograd.attach import attach
from framework.autograd.direct import in_dtype, lower_part, upper_part
from framework.autograd.protocol import register
from framework.autograd.tensor import normalize_dim, wrap
from framework.operations.arguments import integer
from framework.operations.choosing import kept
from framework.operations.creation_arguments import check_tensor, read_device, read_dtype
from framework.operations.layout import in_order

__all__ = ["diag", "diag_embed", "diagflat", "diagonal", "tril", "tril_indices", "triu", "triu_indices"]


def _triangle(rows: int, columns: int, diagonal: int) -> Any:
    return np.tri(rows, columns, diagonal, dtype=np.bool_)


_kept_triangle = functools.lru_cache(64)(_triangle)


def _within(input: Any, diagonal: int, lower: bool) -> Any:
    """The elements on and below (or above) a diagonal, zero elsewhere: np.tril with the mask at hand."""
    if type(input) is not np.ndarray:
        return in_order(lower_part(input, diagonal) if lower else upper_part(input, diagonal))
    shape = input.shape[-2:]
    make = _kept_triangle if math.prod(shape) <= 1 << 14 else _triangle
    below = make(shape[0], shape[1], diagonal if lower else diagonal - 1)
    if input.ndim == 2:
        return in_order(kept.forward(input, below, lower))
    zero = np.zeros((), input.dtype)
    return in_order(np.where(below, input, zero) if lower else np.where(below, zero, input))


@operation(name="tril")
def _tril(input: Any, diagonal: Any) -> Any:
    return _within(input, diagonal, True)


_tril.add_derivative(lambda g, diagonal: _tril(g, diagonal), "input")
register(np.tril, lambda m, k=0: _tril(m, k))


@operation(name="triu")
def _triu(input: Any, diagonal: Any) -> Any:
    return _within(input, diagonal, False)


_triu.add_derivative(lambda g, diagonal: _triu(g, diagonal), "input")
register(np.triu, lambda m, k=0: _triu(m, k))


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle of the matrices, the rest zero. `diagonal` > 0 keeps more, < 0 less."""
    _check_matrix("tril", input, diagonal)
    return _tril.function(input, int(diagonal))


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of the matrices, the rest zero. `diagonal` > 0 keeps less, < 0 more."""
    _check_matrix("triu", input, diagonal)
    return _triu.function(input, int(diagonal))


def _check_matrix(name: str, input: Any, diagonal: Any) -> None:
    check_tensor(name, "input", 1, input)
    if not isinstance(diagonal, (int, np.integer)) or isinstance(diagonal, bool):
        raise TypeError(f"{name}(): argument 'diagonal' (position 2) must be int, not {type(diagonal).__name__}")
    if input._array.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")


def _indices(name: str, pick: Any) -> Any:
    def indices(
        row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, layout: Any = None
    ) -> Tensor:
        read_device(device)
        offset = integer(offset, name, "offset", 3)
        for position, (argument, value) in enumerate((("row", row), ("col", col)), 1):
            if integer(value, name, argument, position) < 0:
                raise RuntimeError(f"{argument} must be non-negative, got{value}")
        target = read_dtype(name, dtype) or np.dtype(np.int64)
        if target not in (np.int64, np.int32):
            raise NotImplementedError(f"\"{name}\" not implemented for '{dtypes.from_numpy(target).scalar_name}'")
        return wrap(in_dtype(np.stack(pick(row, offset, col)), target))

    indices.__name__ = indices.__qualname__ = name
    return indices


tril_indices = _indices("tril_indices", np.tril_indices)
tril_indices.__doc__ = "Rows and columns of the lower triangle of a matrix of `row` by `col`: shape (2, count)."
triu_indices = _indices("triu_indices", np.triu_indices)
triu_indices.__doc__ = "Rows and columns of the upper triangle of a matrix of `row` by `col`: shape (2, count)."


def _writable(view: Any) -> Any:
    """NumPy gives diagonals out read-only; ours are views that can be written through."""
    if view.__class__ is np.ndarray and view.base is not None and view.base.flags.writeable:
        view.flags.writeable = True
    return view


@operation(
    name="diagonal",
    view=True,
    numpy={np.diagonal: lambda a, offset=0, axis1=0, axis2=1: diagonal(a, offset, axis1, axis2)},
)
def _diagonal(input: Any, offset: Any, dim1: Any, dim2: Any) -> Any:
    if type(input) is np.ndarray:
        return _writable(input.diagonal(offset, dim1, dim2))
    return _writable(np.diagonal(input, offset, dim1, dim2))


@_diagonal.derivative("input")
def _(g: Any, input_shape: Any, offset: Any, dim1: Any, dim2: Any) -> Any:
    return _place_diagonal(g, input_shape, offset, dim1, dim2)


@operation(name="place_diagonal")
def _place_diagonal(values: Any, shape: Any, offset: Any, dim1: Any, dim2: Any) -> Any:
    """Zeros of a shape with `values` on a diagonal."""
    if type(values) is np.ndarray:
        out = np.zeros(shape, values.dtype)
        _writable(out.diagonal(offset, dim1, dim2))[...] = values
        return out
    out = np.zeros(shape, values.dtype, like=values)
    _writable(np.diagonal(out, offset, dim1, dim2))[...] = values
    return out


_place_diagonal.add_derivative(lambda g, offset, dim1, dim2: np.diagonal(g, offset, dim1, dim2), "values")
_diagonal_copy = operation(
    lambda input, offset: np.copy(np.diagonal(input, offset)), name="diagonal_copy", grad_fn="DiagonalBackward0_copy"
)
_diagonal_copy.add_derivative(lambda g, input_shape, offset: _place_diagonal(g, input_shape, offset, 0, 1), "input")


@operation(name="diag_embed")
def _diag_embed(input: Any, offset: Any, dim1: Any, dim2: Any) -> Any:
    size = input.shape[-1] + abs(offset)
    shape = list(input.shape[:-1])
    for dim in sorted((dim1, dim2)):
        shape.insert(dim, size)
    return _place_diagonal(input, tuple(shape), offset, dim1, dim2)


_diag_embed.add_derivative(lambda g, offset, dim1, dim2: np.diagonal(g, offset, dim1, dim2), "input")


def _two_dims(dim1: int, dim2: int, ndim: int) -> tuple[int, int]:
    first, second = normalize_dim(dim1, ndim), normalize_dim(dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return first, second


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two dimensions as the last dimension: a view."""
    check_tensor("diagonal", "input", 1, input)
    if type(offset) is not int:
        offset = integer(offset, "diagonal", "offset", 2)
    return _diagonal.function(input, offset, *_two_dims(dim1, dim2, input._array.ndim))


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix, copied; of a vector, the matrix that has it as its diagonal."""
    check_tensor("diag", "input", 1, input)
    ndim = input._array.ndim
    if ndim == 1:
        return diag_embed(input, diagonal)
    if ndim == 2:
        return _diagonal_copy.function(input, diagonal)
    raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices of zeros whose diagonal is the last dimension of the input; they lie in `dim1` and `dim2` of the result."""
    check_tensor("diag_embed", "input", 1, input)
    return _diag_embed.function(input, offset, *_two_dims(dim1, dim2, input._array.ndim + 1))


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """The matrix that has all elements of the input as its diagonal."""
    return diag_embed(input.reshape(-1), offset)


attach(diag, diag_embed, diagflat, diagonal, tril, triu, inplace=[tril, triu])
