"""Distances between points, and vectors kept below a length: `dist`, `cdist`, `pdist`, `renorm`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import taken, zeros
from framework.autograd.errors import broadcast_error
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.arguments import check_tensors
from framework.operations.arithmetic import check_no_mask
from framework.operations.choosing import choose
from framework.operations.matrix_checks import check_kernel, title, transposed
from framework.operations.norms import _length, _slope, check_identity

__all__ = ["cdist", "dist", "pdist", "renorm"]


def _dist_slope(g: Any, input: Any, other: Any, out: Any, p: float) -> Any:
    slope = None if p == 0 else _slope(g, input - other, out, p, None, False)
    return (None, None) if slope is None else (slope, -slope)


_dist = operation(lambda input, other, p: _length(input - other, p, None, False), name="dist", promote="common")
_dist.derivative("input", "other")(_dist_slope)


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The `p`-norm of the difference of two tensors, which are broadcast."""
    try:
        a, b = input._array, other._array
    except AttributeError:
        check_tensors("dist", input=input, other=other)
        raise
    check_no_mask(input, other)
    error = broadcast_error([a.shape, b.shape])
    if error is not None:
        raise error
    if a.dtype.kind != "f" and b.dtype.kind != "f":
        raise RuntimeError(f"norm(): input dtype should be either floating point or complex. Got {title(a)} instead.")
    if (p < 0 or p == np.inf) and not (a.size and b.size):
        check_identity(input, p, None)
    found: Tensor = _dist.function(input, other, p)
    return found


def _between(input: Any, other: Any, p: float) -> Any:
    if not input.shape[-1]:
        batch = np.broadcast_shapes(input.shape[:-2], other.shape[:-2])
        return zeros(input, shape=(*batch, input.shape[-2], other.shape[-2]))
    return _lengths(np.subtract(input[..., :, None, :], other[..., None, :, :], order="C"), p)


def _lengths(vectors: Any, p: float) -> Any:
    """The norms along the last dimension, which is short as a rule."""
    if p == 2:
        return np.sqrt(np.vecdot(vectors, vectors))
    return _length(vectors, p, (vectors.ndim - 1,), False)


def _by_products(input: Any, other: Any, p: float) -> Any:
    """2-norms from one product of matrices: fast, less exact where points are near."""
    squares, others = [np.vecdot(each, each) for each in (input, other)]
    found = squares[..., :, None] + others[..., None, :] - 2 * np.matmul(input, transposed(other))
    return np.sqrt(np.maximum(found, 0))


def _pull(g: Any, input: Any, other: Any, out: Any, p: float) -> Any:
    """The gradient of the first points."""
    if p == 0 or not input.shape[-1]:
        return zeros(input)
    if p == 2:
        weights = choose(out == 0, 0.0, g / choose(out == 0, 1.0, out))
        return np.add.reduce(weights, axis=-1)[..., None] * input - np.matmul(weights, other)
    difference = input[..., :, None, :] - other[..., None, :, :]
    return np.add.reduce(_slope(g, difference, out, p, (difference.ndim - 1,), False), axis=-2)


def _cdist_slope(g: Any, input: Any, other: Any, out: Any, p: float, needs: Any) -> Any:
    return (
        _pull(g, input, other, out, p) if needs[0] else None,
        _pull(transposed(g), other, input, transposed(out), p) if needs[1] else None,
    )


_cdist = operation(_between, name="cdist")
_euclidean = operation(_by_products, name="cdist_euclidean", grad_fn="ViewBackward0")
for _each in (_cdist, _euclidean):
    _each.derivative("input", "other")(_cdist_slope)

_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The `p`-norms of the differences of each row of x1, (…, n, d), and each row of x2, (…, m, d): (…, n, m).

    compute_mode: whether 2-norms may be taken from a product of matrices; by default above 25 rows.
    """
    check_tensors("cdist", x1=x1, x2=x2)
    if compute_mode not in _MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    a, b = x1._array, x2._array
    for name, each in (("X1", a), ("X2", b)):
        if each.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {each.ndim}D")
    if a.shape[-1] != b.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {a.shape[-1]} X2: {b.shape[-1]}")
    for name, each in (("X1", a), ("X2", b)):
        if each.dtype.kind != "f":
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {title(each)}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    if a.ndim > 2 and b.ndim > 2:
        error = broadcast_error([a.shape[:-2], b.shape[:-2]])
        if error is not None:
            raise error
    if a.dtype != b.dtype:
        raise RuntimeError(f"expected scalar type {title(a)} but found {title(b)}")
    check_kernel(a, "cdist")
    many = a.shape[-2] > 25 or b.shape[-2] > 25
    row = _cdist
    if p == 2 and a.shape[-1] and a.size and b.size and compute_mode != _MODES[2]:
        row = _euclidean if compute_mode == _MODES[1] or many else _cdist
    found: Tensor = row.function(x1, x2, p)
    return found


@lru_cache(maxsize=16)
def _pairs(count: int) -> tuple[Any, Any, Any]:
    """The first and the second row of each pair, and where in a list of the pairs each two rows stand: a row with itself past the end."""
    first, second = np.triu_indices(count, 1)
    places = np.full((count, count), first.shape[0])
    places[first, second] = places[second, first] = np.arange(first.shape[0])
    return first, second, places


@operation(name="pdist")
def _pdist(input: Any, p: float) -> Any:
    first, second, _ = _pairs(input.shape[0])
    if not input.shape[1]:
        return zeros(input, shape=first.shape)
    return _lengths(taken(input, first, 0) - taken(input, second, 0), p)


@_pdist.derivative("input")
def _(g: Any, input: Any, out: Any, p: float) -> Any:
    if g.shape[0] == 0:
        return zeros(input)
    places = _pairs(input.shape[0])[2]
    square = np.concatenate((g, zeros(g, shape=(1,))))[places]
    # A row's distance from itself: one that divides nothing by zero.
    own = zeros(out, shape=(1,)) if p == np.inf else np.ones_like(out, shape=(1,))
    lengths = np.concatenate((out, own))[places]
    return _pull(square, input, input, lengths, p)


def pdist(input: Tensor, p: float = 2) -> Tensor:
    """The `p`-norms of the differences of each two rows of a matrix: (0, 1), (0, 2), …, (1, 2), …."""
    try:
        array = input._array
    except AttributeError:
        check_tensors("pdist", input=input)
        raise
    if array.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {array.ndim}D")
    if array.dtype.kind != "f":
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    check_kernel(array, "pdist")
    found: Tensor = _pdist.function(input, p)
    return found


def _norms(input: Any, p: float, dim: int) -> Any:
    return _length(input, p, tuple([each for each in range(input.ndim) if each != dim]), True)


def _shrunk(input: Any, p: float, dim: int, maxnorm: float) -> Any:
    norms = _norms(input, p, dim)
    return input * np.where(norms > maxnorm, maxnorm / (norms + 1e-7), np.ones_like(norms))


_renorm = operation(_shrunk, name="renorm")


@_renorm.derivative("input")
def _(g: Any, input: Any, p: float, dim: int, maxnorm: float) -> Any:
    norms = _norms(input, p, dim)
    others = tuple([each for each in range(input.ndim) if each != dim])
    long = norms > maxnorm
    factor = maxnorm / (norms + 1e-7)
    slope = np.add.reduce(g * input, axis=others, keepdims=True) * (-factor / (norms + 1e-7))
    along = _slope(slope, input, norms, p, others, True)
    return np.where(long, g * factor + along, g)


def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """The slices along `dim`, those of a `p`-norm above `maxnorm` shrunk to it."""
    try:
        array = input._array
    except AttributeError:
        check_tensors("renorm", input=input)
        raise
    if not p > 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm:g}")
    if array.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {array.ndim} dimensions")
    place = normalize_dim(dim, array.ndim)
    if array.dtype.kind != "f":
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {title(array)}"
        )
    found: Tensor = _renorm.function(input, p, place, maxnorm)
    return found


attach(dist, renorm, inplace=[renorm])
