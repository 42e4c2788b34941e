"""Solves systems of linear equations: `linalg.solve`, `linalg.tensorsolve`, `linalg.tensorinv`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations import return_types
from framework.operations.arguments import check_tensors
from framework.operations.elimination import zero_pivots_of
from framework.operations.inverses import linalg_inv, solution, zero_pivots
from framework.operations.matrix_checks import (
    LinAlgError,
    batch_element,
    check_batches,
    check_factors,
    check_float,
    columns,
    square,
    title,
    transposed,
)

__all__ = ["linalg_solve", "linalg_solve_ex", "linalg_tensorinv", "linalg_tensorsolve"]


def _solved(A: Any, B: Any, left: bool, vector: bool, strict: bool) -> Any:
    solve = np.linalg.solve if strict else solution
    if vector:
        return columns(solve(A, B[..., None])[..., 0])
    if not left:
        return np.copy(transposed(solve(transposed(A), transposed(B))), order="C")
    return columns(solve(A, B))


_solve = operation(_solved, name="linalg_solve_ex")


@_solve.derivative("A", "B")
def _(g: Any, A: Any, out: Any, left: bool, vector: bool, strict: bool, needs: Any) -> Any:
    g_B = _solve(transposed(A), g, left, vector, strict)
    if not needs[0]:
        return None, g_B
    if vector:
        return -g_B[..., None] * out[..., None, :], g_B
    return -(np.matmul(g_B, transposed(out)) if left else np.matmul(transposed(out), g_B)), g_B


def _checked(A: Any, B: Any, left: bool, function: str) -> bool:
    """Raises for operands that make no equation; tells whether the right-hand side is made of vectors."""
    if not (isinstance(A, Tensor) and isinstance(B, Tensor)):
        check_tensors(function, A=A, B=B)
    a, b = A._array, B._array
    if a.dtype is not b.dtype and a.dtype != b.dtype:
        if a.ndim >= 2 and a.shape[-1] == a.shape[-2]:
            check_float(a, "linalg.solve", "lu_cpu")
        raise RuntimeError(
            f"linalg.solve: Expected A and B to have the same dtype, but found A of type {title(a)} and B of type "
            f"{title(b)} instead"
        )
    a = square(A, function, "linalg.solve")
    vector = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])
    if not vector and b.ndim < 2:
        raise RuntimeError("linalg.solve: The input tensor B must have at least 2 dimensions.")
    right = b[..., None] if vector else b
    check_factors(a, right, left, "linalg.solve")
    if vector and not left:
        raise RuntimeError(
            "linalg.solve: Vector broadcasting of the left hand side is not supported for left=False. In this case "
            "linalg.solve is equivalent to B / A.squeeze(-1)"
        )
    check_batches(a, right)
    check_float(a, "linalg.solve", "lu_cpu")
    return vector


def linalg_solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """The X of `A @ X = B`, B matrices or vectors; of `X @ A = B` where not `left`. `LinAlgError` for a singular A."""
    return _solution(A, B, left, "linalg_solve", "torch.linalg.solve")


def _solution(A: Tensor, B: Tensor, left: bool, function: str, name: str) -> Tensor:
    vector = _checked(A, B, left, function)
    try:
        found: Tensor = _solve.function(A, B, left, vector, True)
    except np.linalg.LinAlgError:
        where, _ = batch_element(zero_pivots_of(A._array))
        raise LinAlgError(f"{name}: {where}The solver failed because the input matrix is singular.") from None
    return found


def linalg_solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """`linalg.solve`, and for each matrix 0, or, if it is singular, where on the diagonal that shows."""
    if check_errors:
        found = _solution(A, B, left, "linalg_solve_ex", "torch.linalg.solve_ex")
    else:
        found = _solve.function(A, B, left, _checked(A, B, left, "linalg_solve_ex"), False)
    return return_types.linalg_solve_ex((found, zero_pivots(A)))


def linalg_tensorinv(input: Tensor, ind: int = 2) -> Tensor:
    """The inverse for `tensordot` over the first `ind` dimensions, which make as many elements as the rest."""
    check_tensors("linalg_tensorinv", input=input)
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    first, rest = input.shape[:ind], input.shape[ind:]
    if math.prod(first) != math.prod(rest):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{math.prod(rest)} != {math.prod(first)}"
        )
    try:
        inverse = linalg_inv(input.reshape(math.prod(rest), math.prod(first)))
    except LinAlgError as error:
        raise LinAlgError(str(error).removeprefix("linalg.")) from None
    return inverse.reshape((*rest, *first))


def linalg_tensorsolve(input: Tensor, other: Tensor, dims: Any = None) -> Tensor:
    """The X of `tensordot(input, X, X.ndim) = other`. `dims` of the input are moved to its end first."""
    check_tensors("linalg_tensorsolve", input=input, other=other)
    if dims is not None:
        moved = [normalize_dim(each, input.ndim) for each in dims]
        input = input.movedim(moved, list(range(input.ndim - len(moved), input.ndim)))
    rest = input.shape[other.ndim :]
    if math.prod(rest) != other.numel():
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), "
            f"but got {math.prod(rest)} != {other.numel()}"
        )
    flat = input.reshape(math.prod(rest), math.prod(rest))
    return linalg_solve(flat, other.reshape(-1)).reshape(rest)


def _np_solve(a: Any, b: Any) -> Tensor:
    # NumPy takes a right-hand side for vectors only where it has one dimension.
    return linalg_solve(a, b) if b.ndim == 1 or b.ndim != a.ndim - 1 else linalg_solve(a, b[None])


register(np.linalg.solve, _np_solve)
register(np.linalg.tensorinv, lambda a, ind=2: linalg_tensorinv(a, ind))
register(np.linalg.tensorsolve, lambda a, b, axes=None: linalg_tensorsolve(a, b, axes))
