"""Compares vectors: `cosine_similarity`, `pairwise_distance`; and brings them to length one: `normalize`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.direct import in_dtype
from framework.autograd.errors import broadcast_error
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.arguments import check_tensors, integer
from framework.operations.halves import half
from framework.operations.layer_norm import check_number
from framework.operations.norms import _length, _slope, check_identity

__all__ = ["cosine_similarity", "normalize", "pairwise_distance"]


def _sum(x: Any, dim: int) -> Any:
    return np.add.reduce(x, axis=dim, keepdims=True)


def _length_along(x: Any, dim: int) -> Any:
    return np.sqrt(_sum(x * x, dim))


def _cosine(first: Any, second: Any, dim: int, eps: float) -> Any:
    """Vectors shorter than `eps` are divided by that."""
    if first.dtype.itemsize == 2:
        return half(_cosine(in_dtype(first, np.float32), in_dtype(second, np.float32), dim, eps), first.dtype)
    units = [each / np.maximum(_length_along(each, dim), eps) for each in (first, second)]
    return np.add.reduce(np.multiply(*units, order="C"), axis=dim)


_cosine_similarity = operation(
    _cosine, name="cosine_similarity", grad_fn="SumBackward1", promote="common", promoted=("first", "second")
)


@_cosine_similarity.derivative("first", "second")
def _(g: Any, first: Any, second: Any, out: Any, dim: int, eps: float) -> tuple[Any, Any]:
    g, out = np.expand_dims(g, dim), np.expand_dims(out, dim)
    lengths = [_length_along(each, dim) for each in (first, second)]
    divisors = [np.maximum(each, eps) for each in lengths]
    found = []
    for this, other in ((0, 1), (1, 0)):
        x, y = (first, second)[this], (first, second)[other]
        # A vector of no length has no direction: its own length does not change.
        direction = x / np.where(lengths[this] == 0, np.ones_like(lengths[this]), lengths[this])
        found.append((g / divisors[this]) * (y / divisors[other] - out * direction))
    return found[0], found[1]


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-08) -> Tensor:
    """The cosine of the angle between the vectors along `dim` of two tensors, broadcast to each other.

    Vectors shorter than `eps` count as that long. RuntimeError for whole numbers.
    """
    check_tensors("cosine_similarity", x1=x1, x2=x2)
    a, b = x1._array, x2._array
    common = dtypes.result_dtype([a, b])
    if common.kind != "f":
        kind = dtypes.from_numpy(common).scalar_name
        raise RuntimeError(f"expected common dtype to be floating point, yet common dtype is {kind}")
    if a.shape != b.shape:
        error = broadcast_error([a.shape, b.shape])
        if error is not None:
            raise error
    ndim = max(a.ndim, b.ndim)
    dim = normalize_dim(integer(dim, "cosine_similarity", "dim"), ndim)
    if not ndim:
        return cosine_similarity(x1[None], x2[None], 0, eps)
    if a.shape != b.shape:
        # A dimension of size 1 that is broadcast is as long as the other's: its vectors are too.
        shape = np.broadcast_shapes(a.shape, b.shape)
        x1, x2 = x1.expand(shape), x2.expand(shape)
    return _cosine_similarity.function(x1, x2, dim, eps)


_distance = operation(_length, name="pairwise_distance", grad_fn="NormBackward1", input=_slope)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-06, keepdim: bool = False) -> Tensor:
    """The `p`-norm of `x1 - x2 + eps` along the last dimension, broadcast to each other."""
    check_tensors("pairwise_distance", x1=x1, x2=x2)
    check_number("pairwise_distance", "p", 3, p)
    difference = (x1 - x2 + eps).contiguous()
    shape = difference._array.shape
    last = len(shape) - 1
    if shape[-1:] == (0,) and (p < 0 or p == math.inf):
        check_identity(difference, p, last)
    return _distance.function(difference, p, (last,) if last >= 0 else None, keepdim)


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    """The input divided by the `p`-norms of its vectors along `dim`, or by `eps` where they are shorter."""
    found = input / input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    if out is None:
        return found
    if found.requires_grad:
        raise RuntimeError(
            "div(): functions with out=... arguments don't support automatic differentiation, but one of the arguments "
            "requires grad."
        )
    return out.copy_(found)
