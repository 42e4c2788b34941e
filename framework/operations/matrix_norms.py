"""Norms of matrices and condition numbers, and the functions that choose between norms of matrices and of vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.arguments import check_tensors
from framework.operations.decompositions import linalg_svdvals, singular_values
from framework.operations.extremes import amax, amin
from framework.operations.inverses import linalg_inv_ex
from framework.operations.masking import where
from framework.operations.matrix_checks import check_float, not_square, title
from framework.operations.norms import vector_norm, widened

__all__ = ["frobenius_norm", "linalg_cond", "linalg_matrix_norm", "linalg_norm", "norm", "nuclear_norm"]

_ORDERS = {1, -1, 2, -2, math.inf, -math.inf}


def linalg_matrix_norm(
    input: Any,
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The norm of the matrices in two dimensions: "fro", "nuc" or 1, -1, 2, -2, inf, -inf."""
    dim, keepdim = dim if axis is None else axis, keepdim if keepdims is None else keepdims
    if not isinstance(input, Tensor):
        check_tensors("linalg_matrix_norm", input=input)
    if dim.__class__ is int:
        raise TypeError(
            "linalg_matrix_norm() received an invalid combination of arguments - got (Tensor, "
            f"{type(ord).__name__}, dim=int), but expected one of:"
        )
    if ord not in ("fro", "nuc") if isinstance(ord, str) else ord not in _ORDERS:
        raise RuntimeError(
            f"linalg.matrix_norm: Order {ord if isinstance(ord, str) else format(ord, 'g')} not supported."
        )
    ndim = input._array.ndim
    if ndim < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    input = widened(input, dtype, "linalg.matrix_norm")
    if ord in ("nuc", 2, -2):
        check_float(input._array, "linalg.matrix_norm")
    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    first, second = normalize_dim(dim[0], ndim), normalize_dim(dim[1], ndim)
    if first == second:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if ord == "fro":
        return vector_norm(input, 2, None if ndim == 2 else (first, second), keepdim)
    if ord in ("nuc", 2, -2):
        return _of_singular_values(input, ord, first, second, keepdim)
    if math.isinf(ord):
        first, second = second, first
    sums = vector_norm(input, 1, first, keepdim)
    return _extreme(sums, ord > 0, second - (first < second and not keepdim), keepdim)


def _extreme(sizes: Tensor, largest: bool, dim: int, keepdim: bool) -> Tensor:
    if largest and not sizes.shape[dim]:
        return sizes.new_zeros(sizes.sum(dim, keepdim).shape)
    return (amax if largest else amin)(sizes, dim, keepdim)


def _of_singular_values(input: Tensor, ord: Any, first: int, second: int, keepdim: bool) -> Tensor:
    rest = [each for each in range(input.ndim) if each not in (first, second)]
    matrices = input if (first, second) == (input.ndim - 2, input.ndim - 1) else input.permute(*rest, first, second)
    values = singular_values(matrices)
    found = values.sum(-1) if ord == "nuc" else _extreme(values, ord > 0, -1, False)
    if not keepdim:
        return found
    order = [*rest, first, second]
    return found.unsqueeze(-1).unsqueeze(-1).permute([order.index(each) for each in range(input.ndim)])


def linalg_norm(
    input: Any,
    ord: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """A norm of vectors, or of matrices: where `dim` is two dimensions, or there is no `dim` but an `ord` for a matrix."""
    dim, keepdim = dim if axis is None else axis, keepdim if keepdims is None else keepdims
    if not isinstance(input, Tensor):
        check_tensors("linalg_norm", input=input)
    given: tuple[int, ...] | None = None
    if dim is not None:
        given = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
        if len(given) not in (1, 2):
            raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(given)}")
    elif ord is not None:
        if input.ndim not in (1, 2):
            raise RuntimeError(
                f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {input.ndim}D."
            )
        given = None if input.ndim == 1 and not isinstance(ord, str) else tuple(range(input.ndim))
    if isinstance(ord, str):
        return linalg_matrix_norm(input, ord, given or (), keepdim, dtype=dtype)
    if ord is not None and given is not None and len(given) == 2:
        return linalg_matrix_norm(input, ord, given, keepdim, dtype=dtype)
    return vector_norm(input, 2 if ord is None else ord, given, keepdim, dtype=dtype)


def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The `p`-norm over `dim`, or over everything: a number, infinities included, "fro" for the 2-norm, or "nuc".

    RuntimeError for whole numbers.
    """
    if p is None or p == "fro":
        if p == "fro" and isinstance(dim, (tuple, list)) and len(dim) > 2:
            return linalg_matrix_norm(input, p, tuple(dim))  # which refuses these
        return vector_norm(input, 2, dim, keepdim, dtype=dtype)
    if isinstance(p, str):
        if p != "nuc":
            raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
        over = range(input.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
        return linalg_matrix_norm(input, p, tuple(over), keepdim, dtype=dtype)
    if isinstance(p, Tensor):
        p = p.item()
    return vector_norm(input, p, dim, keepdim, dtype=dtype)


def _norm_method(self: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
    """`norm` of this tensor."""
    return norm(self, p, dim, keepdim, dtype=dtype)


def nuclear_norm(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The sum of the singular values."""
    check_tensors("nuclear_norm", input=input)
    return linalg_matrix_norm(input, "nuc", (-2, -1) if dim is None else tuple(dim), keepdim)


def frobenius_norm(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """The 2-norm over one or two dimensions."""
    check_tensors("frobenius_norm", input=input)
    over = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
    if input.dtype.kind != "f":
        raise RuntimeError(
            f"norm(): input dtype should be either floating point or complex. Got {title(input._array)} instead."
        )
    if len(over) > 2:
        raise RuntimeError(f"Expected at most 2 dimensions, but got {len(over)} dimensions instead.")
    return vector_norm(input, 2, over, keepdim)


def linalg_cond(input: Any, p: Any = None) -> Tensor:
    """How much errors grow where equations with these matrices are solved: the norm times that of the inverse.

    p: None or 2, -2 for singular values, "fro", "nuc", or 1, -1, inf, -inf. Infinite for singular matrices.
    """
    if not isinstance(input, Tensor):
        check_tensors("linalg_cond", input=input)
    array = input._array
    if array.ndim < 2:
        raise RuntimeError("linalg.cond: The input tensor must have at least 2 dimensions.")
    if isinstance(p, str) and array.shape[-1] != array.shape[-2]:
        raise not_square(array, f"linalg.cond(ord={p}): ")
    if p not in ("fro", "nuc") if isinstance(p, str) else p is not None and p not in _ORDERS:
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p if isinstance(p, str) else format(p, 'g')}")
    if not array.size:
        check_float(array, "linalg.svd", "linalg_svd_cpu")
        return input.new_zeros(array.shape[:-2])
    if p is None or p in (2, -2):
        values = linalg_svdvals(input)
        largest, smallest = values.narrow(-1, 0, 1), values.narrow(-1, -1, 1)
        return (smallest / largest if p == -2 else largest / smallest).squeeze(-1)
    if array.shape[-1] != array.shape[-2]:
        raise not_square(array, f"linalg.cond(ord={p:g}): ")
    inverse, info = linalg_inv_ex(input)
    singular = (info > 0).unsqueeze(-1).unsqueeze(-1)
    if p == "nuc":
        beyond = where(info > 0, math.nan, linalg_matrix_norm(where(singular, 0.0, inverse), p))
        return linalg_matrix_norm(input, p) * beyond
    product = linalg_matrix_norm(input, p) * linalg_matrix_norm(inverse.masked_fill(singular, math.inf), p)
    return product.nan_to_num(math.inf, math.inf, -math.inf)


def _np_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    return linalg_norm(x, ord, axis, keepdims)


def _np_vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Tensor:
    return vector_norm(x, ord, axis, keepdims)


def _np_matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    return linalg_matrix_norm(x, ord, keepdim=keepdims)


register(np.linalg.norm, _np_norm)
register(np.linalg.vector_norm, _np_vector_norm)
register(np.linalg.matrix_norm, _np_matrix_norm)
register(np.linalg.cond, lambda x, p=None: linalg_cond(x, p))

attach(named={"norm": _norm_method})
