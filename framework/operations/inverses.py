"""Inverses and determinants of square matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import taken_along
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations import return_types
from framework.operations.choosing import choose
from framework.operations.elimination import factored, zero_pivots_of
from framework.operations.masking import where
from framework.operations.matrix_checks import check_float, columns, singular, square, transposed
from framework.operations.triangular import solved_triangle

__all__ = [
    "det",
    "inverse",
    "inverse_of",
    "linalg_det",
    "linalg_inv",
    "linalg_inv_ex",
    "linalg_slogdet",
    "logdet",
    "slogdet",
]


def solution(A: Any, B: Any) -> Any:
    """The X of `A @ X = B`; for a singular matrix with the infinities and nans that its zeros give."""
    try:
        return np.linalg.solve(A, B)
    except np.linalg.LinAlgError:
        LU, _, _, order = factored(A)
        batch = np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
        B = np.broadcast_to(B, (*batch, *B.shape[-2:]))
        order = np.broadcast_to(order, (*batch, order.shape[-1]))
        rows = taken_along(B, order[..., None], -2)
        return solved_triangle(LU, solved_triangle(LU, rows, False, True), True, False)


def _inverted(A: Any, strict: bool) -> Any:
    try:
        return columns(np.linalg.inv(A))
    except np.linalg.LinAlgError:
        if strict:
            raise
        return columns(solution(A, np.broadcast_to(np.eye(A.shape[-1], dtype=A.dtype), A.shape)))


def _inverse_slope(g: Any, out: Any) -> Any:
    back = transposed(out)
    return -np.matmul(back, np.matmul(g, back))


inverse_of = operation(_inverted, name="linalg_inv_ex", A=_inverse_slope)

# The code of each matrix: 0, or which element of U's diagonal is the first that is zero, counted from 1.
_first_zero = operation(lambda A: _zeros_of(A), name="first_zero_pivot")


def _zeros_of(A: Any) -> Any:
    signs = np.linalg.slogdet(A)[0]
    if np.all(signs != 0):
        return np.zeros_like(signs, dtype=np.int32)
    return choose(signs == 0, zero_pivots_of(A), 0).astype(np.int32)


def zero_pivots(A: Tensor) -> Tensor:
    """Where in its LU decomposition each matrix shows that it is singular: int32, 0 where it is not."""
    found: Tensor = _first_zero.function(A.detach())
    return found


def linalg_inv(A: Tensor) -> Tensor:
    """The inverse of each matrix. `LinAlgError` for a singular one."""
    return _inverse(A, "linalg_inv", "A", "linalg.inv")


def inverse(input: Tensor) -> Tensor:
    """`linalg.inv`, by another name."""
    return _inverse(input, "inverse", "input", "linalg.inv")


def _inverse(A: Tensor, function: str, argument: str, name: str) -> Tensor:
    array = square(A, function, name, argument)
    check_float(array, name)
    try:
        found: Tensor = inverse_of.function(A, True)
    except np.linalg.LinAlgError:
        raise singular(zero_pivots_of(array), name) from None
    return found


def linalg_inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:
    """The inverse, and for each matrix 0, or, if it is singular, where on the diagonal that shows."""
    if check_errors:
        found = _inverse(A, "linalg_inv_ex", "A", "linalg.inv_ex")
    else:
        check_float(square(A, "linalg_inv_ex", "linalg.inv"), "linalg.inv")
        found = inverse_of.function(A, False)
    return return_types.linalg_inv_ex((found, zero_pivots(A)))


@operation(name="linalg_det")
def _det(A: Any) -> Any:
    return np.linalg.det(A)


@_det.derivative("A")
def _(g: Any, A: Any, out: Any) -> Any:
    # Of a singular matrix, whose determinant is 0, the gradient is taken for zero, as PyTorch does.
    return (g * out)[..., None, None] * _inverse_or_zero(A)


@operation(name="inverse_or_zero")
def _inverse_or_zero(A: Any) -> Any:
    """The inverse transposed; zeros for what is singular."""
    try:
        return transposed(np.linalg.inv(A))
    except np.linalg.LinAlgError:
        regular = (np.linalg.slogdet(A)[0] != 0)[..., None, None]
        return transposed(np.linalg.inv(np.where(regular, A, np.eye(A.shape[-1], dtype=A.dtype))) * regular)


_inverse_or_zero.add_derivative(lambda g, out: -np.matmul(out, np.matmul(transposed(g), out)), "A")


def linalg_det(A: Tensor) -> Tensor:
    """The determinant of each matrix."""
    return _determinant(A, "linalg_det", "A")


def det(input: Tensor) -> Tensor:
    """`linalg.det`, by another name."""
    return _determinant(input, "det", "input")


def _determinant(A: Tensor, function: str, argument: str) -> Tensor:
    array = square(A, function, "linalg.det", argument)
    check_float(array, "linalg.det", "lu_cpu")
    found: Tensor = _det.function(A)
    return found


_slogdet = operation(
    lambda A: list(np.linalg.slogdet(A)),
    name="linalg_slogdet",
    outputs="list",
    A=lambda g, A: g[1][..., None, None] * transposed(inverse_of(A, False)),
)


def linalg_slogdet(A: Tensor) -> Any:
    """The determinant's sign and the logarithm of its absolute value: 0 and -inf for a singular matrix."""
    check_float(square(A, "linalg_slogdet", "linalg.slogdet"), "linalg.slogdet")
    return return_types.linalg_slogdet(_slogdet.function(A))


def slogdet(input: Tensor) -> Any:
    """`linalg.slogdet`, by another name."""
    check_float(square(input, "slogdet", "linalg.slogdet", "input"), "linalg.slogdet")
    return return_types.slogdet(_slogdet.function(input))


def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant; nan where that is negative, -inf where it is zero."""
    array = square(input, "logdet", "logdet", "input")
    check_float(array, "logdet")
    sign, logarithm = _slogdet.function(input)
    return where(sign == -1, float("nan"), logarithm)


register(np.linalg.inv, lambda a: linalg_inv(a))
register(np.linalg.det, lambda a: linalg_det(a))
register(np.linalg.slogdet, lambda a: linalg_slogdet(a))

attach(det, inverse, logdet, slogdet)
