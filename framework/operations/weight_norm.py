"""Weights as a direction times a length: `norm_except_dim`, `_weight_norm`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor

__all__ = ["norm_except_dim"]


def _others(v: Any, dim: int) -> tuple[int, ...]:
    return tuple(axis for axis in range(v.ndim) if axis != dim)


def _norm(v: Any, dim: int) -> Any:
    return np.sqrt(np.sum(v * v, axis=_others(v, dim), keepdims=True))


@operation()
def weight_norm_interface(v: Any, g: Any, dim: int) -> Any:
    """`v` with the norms `g` over all dimensions but `dim`."""
    return v * (g / _norm(v, dim))


@weight_norm_interface.derivative("v", "g")
def _(gradient: Any, v: Any, g: Any, dim: int) -> tuple[Any, Any]:
    norm = _norm(v, dim)
    direction = v / norm
    of_length = np.sum(gradient * direction, axis=_others(v, dim), keepdims=True)
    return (gradient - direction * of_length) * (g / norm), of_length


def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The `pow`-norm over all dimensions but `dim`, which stay as ones; over everything, without dimensions, if it is -1."""
    if dim == -1:
        return v.norm(pow)
    if dim == 0:
        return v.contiguous().view(v.size(0), -1).norm(pow, 1).view(v.size(0), *[1] * (v.dim() - 1))
    if dim == v.dim() - 1:
        return v.contiguous().view(-1, v.size(-1)).norm(pow, 0).view(*[1] * (v.dim() - 1), v.size(-1))
    return norm_except_dim(v.transpose(0, dim), pow, 0).transpose(0, dim)


def _weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """`v` with the norms `g` over all dimensions but `dim`."""
    if dim in (0, v.dim() - 1) and v.dtype == g.dtype:
        return weight_norm_interface.function(v, g, dim)
    return v * (g / norm_except_dim(v, 2, dim))
