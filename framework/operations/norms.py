"""Lengths of vectors: the p-norms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations.halves import half
from framework.operations.pointwise import sign
from framework.operations.reducing import Axes, add_up, axes, count, with_dims

__all__ = ["norm"]


def _length(input: Any, ord: float, dim: Axes | None, keepdim: bool) -> Any:
    if input.dtype.itemsize == 2:
        return half(_length(np.astype(input, np.float32), ord, dim, keepdim), input.dtype)
    if ord == 2:
        return np.sqrt(add_up(input * input, dim, None, None, keepdim))
    size = np.absolute(input)
    if ord == 1:
        return add_up(size, dim, None, None, keepdim)
    if ord == 0:
        return add_up(input != 0, dim, input.dtype, None, keepdim)
    if math.isinf(ord):
        return (np.max if ord > 0 else np.min)(size, axis=dim, keepdims=keepdim)
    return np.power(add_up(np.power(size, ord), dim, None, None, keepdim), 1 / ord)


def _slope(g: Any, input: Any, out: Any, ord: float, dim: Axes | None, keepdim: bool) -> Any:
    """The gradient; where the length is zero, that subgradient which is zero."""
    if ord == 0:
        return None
    shape = input.shape
    g = with_dims(g, shape, dim, keepdim)
    if ord == 1:
        return g * sign(input)
    out = with_dims(out, shape, dim, keepdim)
    if ord == 2:
        return g * np.where(out == 0, 0.0, input / out)
    size = np.absolute(input)
    if math.isinf(ord):
        attained = np.logical_or(size == out, size != size)
        shared = g / np.astype(add_up(attained, axis=dim, keepdims=True), g.dtype)
        return sign(input) * (attained * shared)
    if ord < 1:
        return sign(input) * np.where(input == 0, 0.0, np.power(size, ord - 1)) * (g * np.power(out, 1 - ord))
    scale = np.where(out == 0, 0.0, g / np.power(out, ord - 1))
    if ord < 2:
        return sign(input) * np.power(size, ord - 1) * scale
    return input * np.power(size, ord - 2) * scale


_vector_norm = operation(_length, name="linalg_vector_norm", input=_slope)


def vector_norm(input: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The `ord`-norm over `dim`, or over everything. RuntimeError for whole numbers."""
    found = input.dtype
    if found.kind != "f":
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {found.scalar_name}"
        )
    if dtype is not None:
        wanted = dtypes.from_numpy(dtypes.as_numpy(dtype))
        if wanted.kind != "f" or wanted.itemsize < found.itemsize:
            raise RuntimeError(
                f"linalg.vector_norm: the dtype of the input ({found.scalar_name}) should be convertible without "
                f"narrowing to the specified dtype ({wanted.scalar_name})"
            )
        input = input.to(wanted)
    over = axes(dim, input.ndim, "linalg.vector_norm")
    if (ord < 0 or ord == math.inf) and count(input.shape, over) == 0:
        _check_identity(input, ord, dim)
    return _vector_norm.function(input, ord, over, keepdim)


def _check_identity(input: Tensor, ord: float, dim: Any) -> None:
    """Raises where nothing is to be measured by a norm that nothing has."""
    if dim is None or dim == ():
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord:g} norm on an empty tensor because the operation does not "
            "have an identity"
        )
    for each in dim if isinstance(dim, (tuple, list)) else (dim,):
        if not input.shape[each]:
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {ord:g} norm on the dimension {each}because this dimension is "
                "empty and the operation does not have an identity"
            )


def norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: None = None, dtype: Any = None
) -> Tensor:
    """The `p`-norm over `dim`, or over everything: a number, infinities included, or "fro" for the 2-norm.

    Raises RuntimeError for whole numbers and for orders that are not supported ("nuc" among them).
    """
    if p is None or p == "fro":
        if p == "fro" and isinstance(dim, (tuple, list)) and len(dim) > 2:
            raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
        p = 2
    if isinstance(p, str):
        raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
    if isinstance(p, Tensor):
        p = p.item()
    return vector_norm(input, p, dim, keepdim, dtype=dtype)


def _norm_method(self: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    """`norm` of this tensor."""
    return norm(self, p, dim, keepdim, dtype=dtype)


def _np_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    several = axis is None and x.ndim == 2 if axis is None else isinstance(axis, tuple) and len(axis) == 2
    if ord is not None and ord != "fro" and several:
        raise TypeError(f"np.linalg.norm of a Tensor takes no matrix norm {ord!r}: give ord=None, or one axis")
    return norm(x, 2 if ord is None or ord == "fro" else ord, axis, keepdims)


register(np.linalg.norm, _np_norm)

attach(named={"norm": _norm_method})
