"""Solves equations with triangular matrices, and factors matrices into such: `solve_triangular`, and LU's kernels."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import lower_part, upper_part
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations import return_types
from framework.operations.arguments import check_tensors
from framework.operations.matrix_checks import (
    check_batches,
    check_factors,
    check_kernel,
    columns,
    matrix,
    not_square,
    title,
    transposed,
)

__all__ = ["linalg_solve_triangular", "triangular_solve"]


# Wider triangles are halved: LAPACK, to which NumPy leads, would factor them once more.
_WIDE = 64


def _identity(x: Any) -> Any:
    return lower_part(upper_part(np.ones_like(x)))


@lru_cache(maxsize=64)
def _mask(size: int, upper: bool) -> Any:
    mask = np.tri(size, dtype=bool)
    return mask.T if upper else mask


def _reversed(x: Any, both: bool) -> Any:
    """The rows in reverse order, and with `both` the columns too."""
    if x.__class__ is np.ndarray:
        return x[..., ::-1, ::-1] if both else x[..., ::-1, :]
    return np.flip(x, (-2, -1) if both else -2)


def _triangle(A: Any, upper: bool, unitriangular: bool) -> Any:
    """The triangle that counts, the rest zero, its diagonal ones if that is said of it."""
    if not unitriangular:
        if A.__class__ is np.ndarray:
            # On the host, a mask kept from before: a quarter of the time.
            return np.where(_mask(A.shape[-1], upper), A, 0)
        return upper_part(A) if upper else lower_part(A)
    return (upper_part(A, 1) if upper else lower_part(A, -1)) + _identity(A)


def _substituted(T: Any, B: Any) -> Any:
    """Solves with upper triangular matrices row by row; a zero on the diagonal gives infinities and nans."""
    shape = np.broadcast_shapes(T.shape[:-2], B.shape[:-2])
    X = np.broadcast_to(B, (*shape, *B.shape[-2:])).copy()
    for row in range(T.shape[-1] - 1, -1, -1):
        X[..., row, :] /= T[..., row, row, None]
        X[..., :row, :] -= T[..., :row, row, None] * X[..., row, None, :]
    return X


def solved_triangle(A: Any, B: Any, upper: bool, unitriangular: bool) -> Any:
    """The X of `A @ X = B`, of which only one triangle of A counts."""
    size = A.shape[-1]
    if size > _WIDE:
        # By halves, so that most of the work is one product.
        half = size // 2
        first, last = (A[..., :half, :half], B[..., :half, :]), (A[..., half:, half:], B[..., half:, :])
        if upper:
            below = solved_triangle(*last, upper, unitriangular)
            above = solved_triangle(first[0], first[1] - np.matmul(A[..., :half, half:], below), upper, unitriangular)
        else:
            above = solved_triangle(*first, upper, unitriangular)
            below = solved_triangle(last[0], last[1] - np.matmul(A[..., half:, :half], above), upper, unitriangular)
        return np.concatenate((above, below), axis=-2)
    T = _triangle(A, upper, unitriangular)
    # An LU decomposition leaves an upper triangle as it is; a lower one, turned around, is such too.
    if not upper:
        T, B = _reversed(T, True), _reversed(B, False)
    try:
        X = np.linalg.solve(T, B)
    except np.linalg.LinAlgError:
        X = _substituted(T, B)
    return X if upper else _reversed(X, False)


@operation(name="linalg_solve_triangular")
def solve_triangle(A: Any, B: Any, upper: bool, left: bool, unitriangular: bool) -> Any:
    if left:
        return columns(solved_triangle(A, B, upper, unitriangular))
    return columns(transposed(solved_triangle(transposed(A), transposed(B), not upper, unitriangular)))


@solve_triangle.derivative("A", "B")
def _(g: Any, A: Any, out: Any, upper: bool, left: bool, unitriangular: bool, needs: Any) -> Any:
    g_B = solve_triangle(transposed(A), g, not upper, left, unitriangular)
    if not needs[0]:
        return None, g_B
    slope = np.matmul(g_B, transposed(out)) if left else np.matmul(transposed(out), g_B)
    off = int(unitriangular)
    return -(upper_part(slope, off) if upper else lower_part(slope, -off)), g_B


def linalg_solve_triangular(
    input: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """The X of `input @ X = B`, or of `X @ input = B` where not `left`, the input upper or lower triangular: the rest is not looked at.

    `unitriangular` takes the diagonal for ones. A zero on the diagonal gives infinities and nans.
    """
    if not (isinstance(input, Tensor) and isinstance(B, Tensor)):
        check_tensors("linalg_solve_triangular", input=input, B=B)
    a = matrix(input, "linalg_solve_triangular", "linalg.solve_triangular")
    b = matrix(B, "linalg_solve_triangular", "linalg.solve_triangular", "B", "B")
    if a.shape[-1] != a.shape[-2]:
        raise not_square(a, "linalg.solve_triangular: ")
    check_factors(a, b, left, "linalg.solve_triangular")
    check_batches(a, b)
    check_kernel(b, "triangular_solve_cpu")
    if a.dtype != b.dtype:
        input = input.to(B.dtype)
    return solve_triangle.function(input, B, upper, left, unitriangular)


_triangular_solve = operation(
    lambda input, A, upper, transpose, unitriangular: [
        columns(solved_triangle(transposed(A) if transpose else A, input, upper != transpose, unitriangular)),
        columns(np.broadcast_to(A, (*np.broadcast_shapes(A.shape[:-2], input.shape[:-2]), *A.shape[-2:]))),
    ],
    name="triangular_solve",
    outputs="list",
)


@_triangular_solve.derivative("input", "A")
def _(g: Any, A: Any, out: Any, upper: bool, transpose: bool, unitriangular: bool) -> Any:
    T = transposed(A) if transpose else A
    g_input = solve_triangle(transposed(T), g[0], upper == transpose, True, unitriangular)
    slope = np.matmul(g_input, transposed(out[0]))
    slope = transposed(slope) if transpose else slope
    off = int(unitriangular)
    return g_input, g[1] - (upper_part(slope, off) if upper else lower_part(slope, -off))


def triangular_solve(
    input: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    """The solution X of `A @ X = input` with a triangular A, and a copy of A. `linalg.solve_triangular` took its place."""
    check_tensors("triangular_solve", input=input, A=A)
    b, a = input._array, A._array
    check_right_side(b, a, "triangular_solve", "torch.triangular_solve: Expected b to have", "but it has")
    check_kernel(b, "triangular_solve_cpu")
    warnings.warn(
        "torch.triangular_solve is deprecated in favor of torch.linalg.solve_triangularand will be removed in a future "
        "PyTorch release.\ntorch.linalg.solve_triangular has its arguments reversed and does not return a copy of one "
        "of the inputs.\nX = torch.triangular_solve(B, A).solution\nshould be replaced with\n"
        "X = torch.linalg.solve_triangular(A, B).",
        stacklevel=2,
    )
    return return_types.triangular_solve(_triangular_solve.function(input, A, upper, transpose, unitriangular))


def check_right_side(b: Any, a: Any, function: str, expected: str, found: str) -> None:
    """Raises what PyTorch's older solvers say of operands that do not fit."""
    for array, name in ((b, "b"), (a, "A")):
        if array.ndim < 2:
            text = expected if name == "b" else expected.replace(" b ", " A ").replace("b should", "u should")
            raise RuntimeError(f"{text} at least 2 dimensions, {found} {array.ndim} dimensions instead")
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"Expected b and A to have the same dtype, but found b of type {title(b)} and A of type {title(a)} instead."
        )
    n = a.shape[-1]
    if a.shape[-2] != n:
        raise not_square(a, "")
    if n != b.shape[-2]:
        raise RuntimeError(
            f"Incompatible matrix sizes for {function}: each A matrix is {n} by {n} but each b matrix is "
            f"{b.shape[-2]} by {b.shape[-1]}"
        )
    check_batches(a, b)


attach(triangular_solve)
