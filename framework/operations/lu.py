"""LU decompositions with row exchanges, and solutions by them: `linalg.lu`, `lu_factor`, `lu_solve`, `lu_unpack`."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.autograd.direct import in_dtype, lower_part, taken_along, upper_part, zeros
from framework.autograd.errors import broadcast_error
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations import return_types
from framework.operations.arguments import check_tensors
from framework.operations.elimination import factored, sorted_by
from framework.operations.matrix_checks import (
    batch_element,
    check_factors,
    check_kernel,
    columns,
    matrix,
    not_square,
    title,
    transposed,
)
from framework.operations.triangular import solve_triangle, solved_triangle

__all__ = ["linalg_lu", "linalg_lu_factor", "linalg_lu_factor_ex", "linalg_lu_solve", "lu", "lu_solve", "lu_unpack"]

_lu_factor = operation(factored, name="linalg_lu_factor_ex", outputs=3, residuals=("pivots", "info", "order"))


def _lower(LU: Any, count: int) -> Any:
    """The factor L, (m, count), with ones on its diagonal."""
    part = LU[..., :, :count]
    ones = lower_part(upper_part(np.ones_like(part)))
    return lower_part(part, -1) + ones


def _upper(LU: Any, count: int) -> Any:
    """The factor U, (count, n)."""
    return upper_part(LU[..., :count, :])


def _unsorted(x: Any, order: Any) -> Any:
    """Rows back in the places they were taken from."""
    return taken_along(x, np.argsort(order, -1)[..., None], axis=-2)


def _slope(g_L: Any, g_U: Any, L: Any, U: Any) -> Any:
    """The gradient of `L @ U`, by those of its factors."""
    m, n = L.shape[-2], U.shape[-1]
    count = min(m, n)
    L1, U1 = L[..., :count, :], U[..., :, :count]
    lower = np.matmul(transposed(L1), g_L[..., :count, :])
    upper = np.matmul(g_U[..., :, :count], transposed(U1))
    if m > n:
        upper = upper - np.matmul(transposed(L[..., count:, :]), g_L[..., count:, :])
    if n > m:
        lower = lower - np.matmul(g_U[..., :, count:], transposed(U[..., :, count:]))
    slope = _by_upper(lower_part(lower, -1) + upper_part(upper), U1)
    if n > m:
        slope = np.concatenate((slope, g_U[..., :, count:]), axis=-1)
    slope = solve_triangle(transposed(L1), slope, True, True, True)
    if m > n:
        slope = np.concatenate((slope, _by_upper(g_L[..., count:, :], U1)), axis=-2)
    return slope


def _by_upper(x: Any, U: Any) -> Any:
    """`x @ U.T` undone."""
    return solve_triangle(transposed(U), x, False, False, False)


@_lu_factor.derivative("A")
def _(g: Any, out: Any, order: Any) -> Any:
    count = min(out.shape[-2:])
    lower, upper = lower_part(g, -1)[..., :, :count], upper_part(g)[..., :count, :]
    return _unsorted(_slope(lower, upper, _lower(out, count), _upper(out, count)), order)


def _checked(A: Any, function: str, name: str, pivot: bool) -> None:
    if not isinstance(A, Tensor):
        check_tensors(function, A=A)
    if A._array.ndim < 2:
        raise RuntimeError(f"{name}: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead")
    check_kernel(A._array, "lu_cpu")
    if not pivot:
        raise RuntimeError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")


def linalg_lu_factor(A: Tensor, *, pivot: bool = True) -> Any:
    """Both triangular factors in one matrix, and the exchanges of rows, counted from 1. For `linalg.lu_solve`.

    RuntimeError where U has a zero on its diagonal.
    """
    _checked(A, "linalg_lu_factor", "torch.lu_factor", pivot)
    LU, pivots, info = _lu_factor.function(A)
    decide(_zero_pivots("torch.linalg.lu_factor"), info._array)
    return return_types.linalg_lu_factor((LU, pivots))


def linalg_lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """`linalg.lu_factor` that tells of a zero on U's diagonal by `info`: which it is, counted from 1, or 0."""
    _checked(A, "linalg_lu_factor_ex", "torch.lu_factor", pivot)
    LU, pivots, info = _lu_factor.function(A)
    if check_errors:
        decide(_zero_pivots("torch.linalg.lu_factor_ex"), info._array)
    return return_types.linalg_lu_factor_ex((LU, pivots, info))


def _zero_pivots(name: str) -> Any:
    def check(info: Any) -> None:
        if np.any(info):
            where, code = batch_element(info)
            raise RuntimeError(
                f"{name}: {where}U[{code},{code}] is zero and using it on lu_solve would result in a division by zero. "
                "If you still want to perform the factorization, consider calling linalg.lu(A, pivot) or "
                "linalg.lu_factor_ex(A, pivot)"
            )

    return check


def _permutation(order: Any, dtype: Any) -> Any:
    """The matrices P of `A = P @ L @ U`."""
    return in_dtype(np.arange(order.shape[-1])[:, None] == order[..., None, :], dtype)


def _unpacked(A: Any) -> Any:
    LU, _, _, order = factored(A)
    count = min(A.shape[-2:])
    return [_permutation(order, A.dtype), _lower(LU, count), np.copy(_upper(LU, count), order="C")]


_lu = operation(_unpacked, name="linalg_lu", outputs="list")


@_lu.derivative("A")
def _(g: Any, out: Any) -> Any:
    P, L, U = out
    return np.matmul(P, _slope(g[1], g[2], L, U))


def linalg_lu(A: Tensor, *, pivot: bool = True) -> Any:
    """P, L and U, whose product is A: a permutation, a lower triangle with ones on its diagonal, an upper triangle."""
    _checked(A, "linalg_lu", "linalg.lu", pivot)
    P, L, U = _lu.function(A)
    return return_types.linalg_lu((P.detach(), L, U))


def lu(A: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """`linalg.lu_factor`, which took its place; with `get_infos`, `linalg.lu_factor_ex`."""
    _checked(A, "_lu_with_info", "torch.lu_factor", pivot)
    warnings.warn(
        "torch.lu is deprecated in favor of torch.linalg.lu_factor / torch.linalg.lu_factor_ex and will be removed in "
        "a future PyTorch release.\nLU, pivots = torch.lu(A, compute_pivots)\nshould be replaced with\n"
        "LU, pivots = torch.linalg.lu_factor(A, compute_pivots)\nand\n"
        "LU, pivots, info = torch.lu(A, compute_pivots, get_infos=True)\nshould be replaced with\n"
        "LU, pivots, info = torch.linalg.lu_factor_ex(A, compute_pivots)",
        stacklevel=2,
    )
    LU, pivots, info = _lu_factor.function(A)
    return return_types._lu_with_info((LU, pivots, info)) if get_infos else (LU, pivots)


_LU_solve = operation(
    lambda LU, B, pivots, left, adjoint: _solved_by(LU, sorted_by(pivots, LU.shape[-1]), B, left, adjoint),
    name="linalg_lu_solve",
)


def _solved_by(LU: Any, order: Any, B: Any, left: bool, adjoint: bool) -> Any:
    if not left:
        return np.copy(transposed(_solution(LU, order, transposed(B), not adjoint)), order="C")
    return columns(_solution(LU, order, B, adjoint))


def _solution(LU: Any, order: Any, B: Any, adjoint: bool) -> Any:
    """The X of `A @ X = B`, or of `A.mT @ X = B`."""
    if not adjoint:
        rows = _taken(B, order)
        return solved_triangle(LU, solved_triangle(LU, rows, False, True), True, False)
    rows = solved_triangle(transposed(LU), solved_triangle(transposed(LU), B, False, False), True, True)
    return _taken(rows, np.argsort(order, axis=-1))


def _taken(x: Any, order: Any) -> Any:
    """Rows in another order, batches broadcast."""
    batch = np.broadcast_shapes(x.shape[:-2], order.shape[:-1])
    x = np.broadcast_to(x, (*batch, *x.shape[-2:]))
    return taken_along(x, np.broadcast_to(order, (*batch, order.shape[-1]))[..., None], -2)


@_LU_solve.derivative("LU", "B")
def _(g: Any, LU: Any, B: Any, pivots: Any, left: bool, adjoint: bool, needs: Any) -> Any:
    g_B = _LU_solve(LU, g, pivots, left, not adjoint)
    if not needs[0]:
        return None, g_B
    order = sorted_by(pivots, LU.shape[-1])
    if not left:
        g, B, adjoint = transposed(g), transposed(B), not adjoint
    back = transposed(LU)
    if not adjoint:
        Y = solve_triangle(LU, _taken(B, order), False, True, True)
        X = solve_triangle(LU, Y, True, True, False)
        g_Y = solve_triangle(back, g, False, True, False)
        g_U = -np.matmul(g_Y, transposed(X))
        g_L = -np.matmul(solve_triangle(back, g_Y, True, True, True), transposed(Y))
    else:
        Y = solve_triangle(back, B, False, True, False)
        Z = solve_triangle(back, Y, True, True, True)
        g_Y = solve_triangle(LU, _taken(g, order), False, True, True)
        g_L = -np.matmul(Z, transposed(g_Y))
        g_U = -np.matmul(Y, transposed(solve_triangle(LU, g_Y, True, True, False)))
    return lower_part(g_L, -1) + upper_part(g_U), g_B


def linalg_lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False) -> Tensor:
    """The X of `A @ X = B`, A given as `linalg.lu_factor` factored it; of `X @ A = B` where not `left`.

    `adjoint` solves with A transposed.
    """
    check_tensors("linalg_lu_solve", LU=LU, pivots=pivots, B=B)
    a = matrix(LU, "linalg_lu_solve", "torch.linalg.lu_solve")
    if a.shape[-1] != a.shape[-2]:
        raise not_square(a, "torch.linalg.lu_solve: ")
    b = matrix(B, "linalg_lu_solve", "linalg.lu_solve", "B", "B")
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"linalg.lu_solve: Expected LU and B to have the same dtype, but found LU of type {title(a)} and B of type "
            f"{title(b)} instead"
        )
    if pivots._array.dtype != np.int32:
        raise RuntimeError("linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32")
    if a.shape[-1] != (pivots._array.shape or (0,))[-1]:
        raise RuntimeError("linalg.lu_solve: Number of pivots per batch should be same as the dimension of the matrix")
    if a.shape[:-1] != pivots._array.shape:
        raise RuntimeError(
            "linalg.lu_solve: Expected LU.shape[:-1] and pivots.shape to be the same, but got pivots with shape "
            f"{list(pivots.shape)} instead"
        )
    check_factors(a, b, left, "linalg.lu_solve")
    error = broadcast_error([b.shape[:-2], a.shape[:-2]])
    if error is not None:
        raise error
    check_kernel(a, "linalg_lu_solve_cpu")
    return _LU_solve.function(LU, B, pivots, left, adjoint)


def lu_solve(input: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """`linalg.lu_solve`, which took its place, with its arguments reversed."""
    warnings.warn(
        "torch.lu_solve is deprecated in favor of torch.linalg.lu_solveand will be removed in a future PyTorch "
        "release.\nNote that torch.linalg.lu_solve has its arguments reversed.\nX = torch.lu_solve(B, LU, pivots)\n"
        "should be replaced with\nX = torch.linalg.lu_solve(LU, pivots, B)",
        stacklevel=2,
    )
    return linalg_lu_solve(LU_data, LU_pivots, input)


_lu_unpack = operation(
    lambda LU: [_lower(LU, min(LU.shape[-2:])), np.copy(_upper(LU, min(LU.shape[-2:])), order="C")],
    name="lu_unpack",
    outputs="list",
)


@_lu_unpack.derivative("LU")
def _(g: Any, LU_shape: Any) -> Any:
    m, n = LU_shape[-2:]
    lower, upper = lower_part(g[0], -1), upper_part(g[1])
    if n > m:
        lower = np.concatenate((lower, zeros(g[1][..., :, m:])), axis=-1)
    if m > n:
        upper = np.concatenate((upper, zeros(g[0][..., n:, :])), axis=-2)
    return lower + upper


def lu_unpack(LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True) -> Any:
    """P, L and U of what `linalg.lu_factor` gave; empty tensors in place of what is not asked for."""
    check_tensors("lu_unpack", LU_data=LU_data, LU_pivots=LU_pivots)
    array = LU_data._array
    if array.ndim < 2:
        raise RuntimeError(
            f"torch.lu_unpack: Expected tensor with 2 or more dimensions. Got size: {list(array.shape)} instead"
        )
    if unpack_pivots and LU_pivots._array.dtype != np.int32:
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\n"
            "Note: this function is intended to be used with the output produced by torch.linalg.lu_factor"
        )
    P = L = U = None
    if unpack_pivots:
        P = _lu_permutation.function(LU_data.detach(), LU_pivots)
    if unpack_data:
        L, U = _lu_unpack.function(LU_data)
    return return_types.lu_unpack([LU_data.new_empty(0) if each is None else each for each in (P, L, U)])


_lu_permutation = operation(
    lambda LU, pivots: _permutation(sorted_by(pivots, LU.shape[-2]), LU.dtype), name="lu_permutation"
)

attach(lu, lu_solve)
