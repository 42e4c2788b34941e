"""What attention refuses, in PyTorch's words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.errors import broadcast_error
from framework.autograd.tensor import Tensor

__all__ = ["batch_of", "check", "check_shapes"]


def batch_of(*operands: Any) -> tuple[int, ...]:
    """The dimensions before the last two that operands have together."""
    shapes = [each.shape[:-2] for each in operands]
    if shapes.count(shapes[0]) == len(shapes):
        return shapes[0]
    error = broadcast_error([(*each, 1, 1) for each in shapes])
    if error is not None:
        raise error
    return np.broadcast_shapes(*shapes)


def check(query: Any, key: Any, value: Any, attn_mask: Any, dropout_p: Any, scale: Any) -> None:
    """Raises for operands that are no tensors, or whose types or numbers of dimensions do not agree."""
    name = "scaled_dot_product_attention"
    for position, (label, each) in enumerate((("query", query), ("key", key), ("value", value)), 1):
        if not isinstance(each, Tensor):
            raise TypeError(
                f"{name}(): argument '{label}' (position {position}) must be Tensor, not {type(each).__name__}"
            )
    if attn_mask is not None and not isinstance(attn_mask, Tensor):
        raise TypeError(f"{name}(): argument 'attn_mask' must be Tensor, not {type(attn_mask).__name__}")
    for label, number in (("dropout_p", dropout_p), ("scale", scale)):
        if not isinstance(number, (int, float)) and not (label == "scale" and number is None):
            raise TypeError(f"{name}(): argument '{label}' must be float, not {type(number).__name__}")
    q, k, v = query._array, key._array, value._array
    if not q.dtype == k.dtype == v.dtype:
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got "
            f"query.dtype: {dtypes.c_name(q.dtype)} key.dtype: {dtypes.c_name(k.dtype)} and value.dtype: {dtypes.c_name(v.dtype)} instead."
        )
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got "
            f"query.dim: {q.ndim} key.dim: {k.ndim} and value.dim: {v.ndim} instead."
        )
    if attn_mask is not None and attn_mask._array.dtype.kind != "b":
        mask = attn_mask._array
        if mask.dtype != q.dtype and mask.dtype != np.float32:
            raise RuntimeError(
                "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
                f"{dtypes.c_name(mask.dtype)} and  query.dtype: {dtypes.c_name(q.dtype)} instead."
            )
    if q.dtype.kind != "f":
        raise RuntimeError(f"expected scalar type Float but found {query.dtype.scalar_name}")
    if dropout_p < 0 or dropout_p > 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p:g}")


def check_shapes(q: Any, k: Any, v: Any, attn_mask: Tensor | None) -> None:
    """Raises what PyTorch's products raise for sizes that do not agree."""
    if q.ndim == k.ndim == 2:
        a, b = q.shape, k.shape
        if a[1] != b[1]:
            raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({a[0]}x{a[1]} and {b[1]}x{b[0]})")
    elif q.shape[-1] != k.shape[-1]:
        batch = math.prod(batch_of(q, k))
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{batch}, {q.shape[-1]}] but got: "
            f"[{batch}, {k.shape[-1]}]."
        )
    if attn_mask is not None:
        error = broadcast_error([(*batch_of(q, k), q.shape[-2], k.shape[-2]), attn_mask._array.shape])
        if error is not None:
            raise error
    if k.shape[-2] != v.shape[-2]:
        if q.ndim == k.ndim == v.ndim == 2:
            raise RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({q.shape[0]}x{k.shape[0]} and {v.shape[0]}x{v.shape[1]})"
            )
        batch = math.prod(batch_of(q, k, v))
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{batch}, {k.shape[-2]}] but got: "
            f"[{batch}, {v.shape[-2]}]."
        )
