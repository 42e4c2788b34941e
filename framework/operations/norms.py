"""Lengths of vectors: the p-norms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.direct import in_dtype, reshaped
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.arguments import check_tensors
from framework.operations.choosing import choose
from framework.operations.halves import half
from framework.operations.pointwise import sign
from framework.operations.reducing import Axes, add_up, axes, with_dims

__all__ = ["vector_norm"]


def _length(input: Any, ord: float, dim: Axes | None, keepdim: bool) -> Any:
    if input.dtype.itemsize == 2:
        return half(_length(in_dtype(input, np.float32), ord, dim, keepdim), input.dtype)
    if ord == 2 and dim is None and not keepdim:
        flat = reshaped(input, (math.prod(input.shape),))
        return np.sqrt(np.dot(flat, flat))
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
        return g * choose(out == 0, 0.0, input / out)
    size = np.absolute(input)
    if math.isinf(ord):
        attained = np.logical_or(size == out, size != size)
        shared = g / in_dtype(add_up(attained, axis=dim, keepdims=True), g.dtype)
        return sign(input) * (attained * shared)
    if ord < 1:
        return sign(input) * choose(input == 0, 0.0, np.power(size, ord - 1)) * (g * np.power(out, 1 - ord))
    scale = choose(out == 0, 0.0, g / np.power(out, ord - 1))
    if ord < 2:
        return sign(input) * np.power(size, ord - 1) * scale
    return input * np.power(size, ord - 2) * scale


_vector_norm = operation(_length, name="linalg_vector_norm", input=_slope)


def vector_norm(
    input: Any,
    ord: Any = 2,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The `ord`-norm over `dim`, or over everything. RuntimeError for whole numbers."""
    dim, keepdim = dim if axis is None else axis, keepdim if keepdims is None else keepdims
    if not isinstance(input, Tensor):
        check_tensors("linalg_vector_norm", input=input)
    if isinstance(ord, str):
        raise TypeError("linalg_vector_norm(): argument 'ord' (position 2) must be Number, not str")
    input = widened(input, dtype, "linalg.vector_norm")
    if (ord < 0 or ord == math.inf) and not input._array.size:
        check_identity(input, ord, dim)
    over = axes(dim, input.ndim, "linalg.vector_norm")
    return _vector_norm.function(input, ord, over, keepdim)


def check_identity(input: Tensor, ord: float, dim: Any) -> None:
    """Raises where nothing is to be measured by a norm that nothing has."""
    if dim is None or dim == ():
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord:g} norm on an empty tensor because the operation does not "
            "have an identity"
        )
    for each in dim if isinstance(dim, (tuple, list)) else (dim,):
        if input.ndim and not input.shape[normalize_dim(each, input.ndim)]:
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {ord:g} norm on the dimension {each}because this dimension is "
                "empty and the operation does not have an identity"
            )


def widened(input: Tensor, dtype: Any, name: str) -> Tensor:
    """The tensor in the type that a norm is to have. RuntimeError for whole numbers, and for a narrower type."""
    found = input.dtype
    if found.kind != "f":
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {found.scalar_name}")
    if dtype is None:
        return input
    wanted = dtypes.from_numpy(dtypes.as_numpy(dtype))
    if wanted.kind != "f":
        raise RuntimeError(f"{name}: dtype should be floating point or complex, but got {wanted.scalar_name}")
    if wanted.itemsize < found.itemsize:
        raise RuntimeError(
            f"{name}: the dtype of the input ({found.scalar_name}) should be convertible without narrowing to the "
            f"specified dtype ({wanted.scalar_name})"
        )
    return input.to(wanted)
