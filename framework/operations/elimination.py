"""Gaussian elimination with row exchanges: the kernels behind LU decompositions, on arrays alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.direct import reshaped, taken_along
from framework.operations.choosing import choose
from framework.operations.matrix_checks import columns
from framework.operations.triangular import solved_triangle

# Up to so many columns are eliminated one by one; wider matrices are halved, so that most work is products.
_NARROW = 16


def _swap_rows(a: Any, order: Any) -> None:
    a[...] = taken_along(a, order[..., None], 1)


def _eliminate(a: Any, order: Any, pivots: Any) -> None:
    """Factors matrices (batch, m, n), m >= n, in place; `order` (batch, m) takes part in the exchanges of rows."""
    batch = np.arange(a.shape[0])
    for k in range(a.shape[2]):
        best = k + np.argmax(np.absolute(a[:, k:, k]), axis=1)
        pivots[:, k] = best + 1
        for each in (a, order):
            each[batch, best], each[:, k] = each[:, k].copy(), each[batch, best].copy()
        pivot = a[:, k, k, None]
        below = a[:, k + 1 :, k]
        below /= choose(pivot == 0, 1, pivot)
        a[:, k + 1 :, k + 1 :] -= below[..., None] * a[:, k, None, k + 1 :]


def _eliminate_one(a: Any, order: Any, pivots: Any) -> None:
    """`_eliminate` for one matrix, in half the time."""
    for k in range(a.shape[1]):
        best = k + int(np.absolute(a[k:, k]).argmax())
        pivots[k] = best + 1
        if best != k:
            a[[k, best]] = a[[best, k]]
            order[[k, best]] = order[[best, k]]
        below = a[k + 1 :, k]
        below /= a[k, k] or 1
        a[k + 1 :, k + 1 :] -= below[:, None] * a[k, k + 1 :]


def _factor(a: Any, order: Any, pivots: Any) -> None:
    """`_eliminate` for matrices of any width."""
    m, n = a.shape[1:]
    if n > m:
        _factor(a[:, :, :m], order, pivots)
        a[:, :, m:] = taken_along(a[:, :, m:], order[..., None], 1)
        a[:, :, m:] = solved_triangle(a[:, :, :m], a[:, :, m:], False, True)
        return
    if n <= _NARROW:
        if a.shape[0] == 1:
            _eliminate_one(a[0], order[0], pivots[0])
        else:
            _eliminate(a, order, pivots)
        return
    half = n // 2
    _factor(a[:, :, :half], order, pivots[:, :half])
    rest = a[:, :, half:]
    _swap_rows(rest, order)
    rest[:, :half] = solved_triangle(a[:, :half, :half], rest[:, :half], False, True)
    rest[:, half:] -= np.matmul(a[:, half:, :half], rest[:, :half])
    lower = np.broadcast_to(np.arange(m - half), (a.shape[0], m - half)).copy()
    _factor(rest[:, half:], lower, pivots[:, half:])
    pivots[:, half:] += half
    _swap_rows(a[:, half:, :half], lower)
    order[:, half:] = taken_along(order[:, half:], lower, 1)


def factored(A: Any) -> tuple[Any, Any, Any, Any]:
    """Both factors in one matrix, the pivots, where the first zero on U's diagonal is (0 if none is), the rows' order."""
    *batch, m, n = A.shape
    count, whole = min(m, n), math.prod(batch)
    # Not to be seen through: what is exchanged depends on values.
    a = np.array(reshaped(A, (whole, m, n)))
    order = np.broadcast_to(np.arange(m), (whole, m)).copy()
    pivots = np.empty((whole, count), np.int32)
    if a.size:
        _factor(a, order, pivots)
    zero = np.diagonal(a, 0, 1, 2) == 0
    info = choose(np.any(zero, axis=1), np.argmax(zero, axis=1) + 1, 0) if count else np.zeros(whole)
    return (
        columns(reshaped(a, A.shape)),
        reshaped(pivots, (*batch, count)),
        reshaped(info, batch).astype(np.int32),
        reshaped(order, (*batch, m)),
    )


def zero_pivots_of(A: Any) -> Any:
    """For matrices of which LAPACK found some singular: where each shows it on U's diagonal, from 1, or 0."""
    info = factored(A)[2]
    # Rounded otherwise than by LAPACK, nothing may be exactly zero: then it was the last element.
    missed = np.logical_and(info == 0, np.linalg.slogdet(A)[0] == 0)
    info = np.where(missed, A.shape[-1], info).astype(np.int32)
    return info if np.any(info) else np.full_like(info, A.shape[-1])


def sorted_by(pivots: Any, rows: int) -> Any:
    """The order of rows that exchanges, one after the other, lead to."""
    flat = reshaped(pivots, (-1, pivots.shape[-1])) if pivots.size else np.empty((0, 0), np.int32)
    order = np.broadcast_to(np.arange(rows), (flat.shape[0], rows)).copy()
    batch = np.arange(flat.shape[0])
    for k in range(flat.shape[1]):
        other = flat[:, k] - 1
        order[batch, other], order[:, k] = order[:, k].copy(), order[batch, other].copy()
    if not pivots.size:
        return np.broadcast_to(np.arange(rows), (*pivots.shape[:-1], rows)).copy()
    return reshaped(order, (*pivots.shape[:-1], rows))
