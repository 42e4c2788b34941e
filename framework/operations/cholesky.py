"""Cholesky decompositions of positive-definite matrices, and what they are good for."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.autograd.direct import in_dtype, lower_part, reshaped, upper_part
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations import return_types
from framework.operations.arguments import check_tensors
from framework.operations.matrix_checks import (
    LinAlgError,
    batch_element,
    check_float,
    check_kernel,
    columns,
    not_square,
    singular,
    square,
    transposed,
)
from framework.operations.triangular import check_right_side, solve_triangle, solved_triangle

__all__ = ["cholesky", "cholesky_inverse", "cholesky_solve", "linalg_cholesky", "linalg_cholesky_ex"]


def _factored(input: Any, upper: bool) -> Any:
    # Computed as the other triangle of the transpose, which lies column by column in memory once turned around.
    factor = transposed(np.linalg.cholesky(transposed(input), upper=not upper))
    decide(_refuse_nan, factor)
    return factor


def _refuse_nan(factor: Any) -> None:
    # The last element comes of all others, and with them of any nan.
    if factor.size:
        last = factor[..., -1, -1]
        if np.any(last != last) if last.ndim else last != last:
            raise np.linalg.LinAlgError


def _partly_factored(input: Any, upper: bool) -> Any:
    """`_factored` that leaves a matrix as it is from the row on where it shows that it is not positive-definite."""
    try:
        return _factored(input, upper)
    except np.linalg.LinAlgError:
        return columns(transposed(_rows_done(transposed(input))[0]) if upper else _rows_done(input)[0])


def _rows_done(input: Any) -> tuple[Any, Any]:
    """The lower triangles as far as they could be factored, and for each matrix the row that failed, from 1, or 0."""
    flat = np.array(reshaped(lower_part(input), (-1, *input.shape[-2:])))
    info = np.zeros(flat.shape[0], np.int32)
    for number, a in enumerate(flat):
        for row in range(len(a)):
            if row:
                a[row, :row] = np.linalg.solve(lower_part(a[:row, :row]), a[row, :row])
                a[row, row] -= np.dot(a[row, :row], a[row, :row])
            if not a[row, row] > 0:
                info[number] = row + 1
                break
            a[row, row] = np.sqrt(a[row, row])
    return reshaped(flat, input.shape), reshaped(info, input.shape[:-2])


def _failed(input: Any, upper: bool) -> Any:
    """For matrices of which LAPACK refused some: the row that failed, from 1, or 0."""
    info = np.array(_rows_done(transposed(input) if upper else input)[1])
    if not np.any(info):
        # Rounded otherwise than by LAPACK, all may pass: then it was the last row.
        flat, codes = reshaped(input, (-1, *input.shape[-2:])), reshaped(info, -1)
        for number, each in enumerate(flat):
            try:
                _factored(each, upper)
            except np.linalg.LinAlgError:
                codes[number] = input.shape[-1]
    return info


def _slope(g: Any, out: Any, upper: bool) -> Any:
    """The gradient, symmetric, of a matrix whose factor is `out`."""
    L, g = (transposed(out), transposed(g)) if upper else (out, g)
    inner = np.matmul(transposed(L), g)
    # Half of the diagonal: the symmetric matrix counts it once.
    inner = (lower_part(inner) + lower_part(inner, -1)) * 0.5
    slope = solve_triangle(transposed(L), inner, True, True, False)
    slope = solve_triangle(L, slope, False, False, False)
    return (slope + transposed(slope)) * 0.5


_cholesky_ex = operation(_factored, name="linalg_cholesky_ex", input=_slope)
_cholesky_partly = operation(
    _partly_factored, name="linalg_cholesky_partly", grad_fn="LinalgCholeskyExBackward0", input=_slope
)
_cholesky = operation(_factored, name="cholesky", input=_slope)
_failed_rows = operation(lambda input, upper: _failures(input, upper), name="cholesky_failures")


def _failures(input: Any, upper: bool) -> Any:
    try:
        done = np.diagonal(_factored(input, upper), 0, -2, -1) > 0
    except np.linalg.LinAlgError:
        return _failed(input, upper)
    return in_dtype(np.logical_not(np.all(done, axis=-1)), np.int32)


def _not_definite(input: Any, upper: bool, name: str) -> LinAlgError:
    where, code = batch_element(_failed(input, upper))
    return LinAlgError(
        f"{name}: {where}The factorization could not be completed because the input is not positive-definite (the "
        f"leading minor of order {code} is not positive-definite)."
    )


def _decomposed(input: Tensor, upper: bool, row: Any, function: str, name: str, plain: str) -> Tensor:
    array = square(input, function, plain, "input")
    check_float(array, plain, "cholesky_cpu")
    try:
        found: Tensor = row.function(input, upper)
    except np.linalg.LinAlgError:
        raise _not_definite(array, upper, name) from None
    return found


def linalg_cholesky(input: Tensor, *, upper: bool = False) -> Tensor:
    """The lower triangle L of `L @ L.mT = input`, or U of `U.mT @ U`; only that triangle of the input is looked at.

    `LinAlgError` for a matrix that is not positive-definite.
    """
    return _decomposed(input, upper, _cholesky_ex, "linalg_cholesky", "linalg.cholesky", "linalg.cholesky")


def linalg_cholesky_ex(input: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """`linalg.cholesky`, and for each matrix 0, or the order of its first minor that is not positive-definite."""
    row = _cholesky_ex if check_errors else _cholesky_partly
    L = _decomposed(input, upper, row, "linalg_cholesky_ex", "linalg.cholesky_ex", "linalg.cholesky")
    return return_types.linalg_cholesky_ex((L, _failed_rows.function(input.detach(), upper)))


def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """`linalg.cholesky`, which took its place."""
    check_tensors("cholesky", input=input)
    if input._array.ndim > 1 and input.shape[-1] == input.shape[-2]:
        check_kernel(input._array, "cholesky_cpu")
    L = _decomposed(input, upper, _cholesky, "cholesky", "cholesky", "cholesky")
    warnings.warn(
        "torch.cholesky is deprecated in favor of torch.linalg.cholesky and will be removed in a future PyTorch "
        "release.\nL = torch.cholesky(A)\nshould be replaced with\nL = torch.linalg.cholesky(A)\nand\n"
        "U = torch.cholesky(A, upper=True)\nshould be replaced with\nU = torch.linalg.cholesky(A).mH\n"
        "This transform will produce equivalent results for all valid (symmetric positive definite) inputs.",
        stacklevel=2,
    )
    return L


def _solved(input: Any, input2: Any, upper: bool) -> Any:
    outer, inner = (transposed(input2), input2) if upper else (input2, transposed(input2))
    return columns(solved_triangle(inner, solved_triangle(outer, input, False, False), True, False))


_cholesky_solve = operation(_solved, name="cholesky_solve")


@_cholesky_solve.derivative("input", "input2")
def _(g: Any, input2: Any, out: Any, upper: bool, needs: Any) -> Any:
    g_input = _cholesky_solve(g, input2, upper)
    if not needs[1]:
        return g_input, None
    return g_input, _of_factor(-np.matmul(g_input, transposed(out)), input2, upper)


def _of_factor(slope: Any, factor: Any, upper: bool) -> Any:
    """The gradient of a triangle by that of its product with itself transposed.

    As PyTorch's, it is not cut to the triangle: the factor is taken for the whole matrix.
    """
    both = slope + transposed(slope)
    return np.matmul(factor, both) if upper else np.matmul(both, factor)


def cholesky_solve(input: Tensor, input2: Tensor, upper: bool = False) -> Tensor:
    """The X of `A @ X = input`, A given by its Cholesky factor `input2`."""
    check_tensors("cholesky_solve", input=input, input2=input2)
    b, a = input._array, input2._array
    check_right_side(b, a, "cholesky_solve", "b should have", "but has")
    check_kernel(b, "cholesky_solve_cpu")
    found: Tensor = _cholesky_solve.function(input, input2, upper)
    return found


def _inverted(input: Any, upper: bool) -> Any:
    half = np.linalg.inv(upper_part(input) if upper else lower_part(input))
    return columns(np.matmul(half, transposed(half)) if upper else np.matmul(transposed(half), half))


_cholesky_inverse = operation(
    _inverted,
    name="cholesky_inverse",
    input=lambda g, input, out, upper: _of_factor(-np.matmul(out, np.matmul(g, out)), input, upper),
)


def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """The inverse of the matrix whose Cholesky factor this is. `LinAlgError` for a zero on its diagonal."""
    check_tensors("cholesky_inverse", input=input)
    array = input._array
    if array.ndim < 2:
        raise RuntimeError("cholesky_inverse: The input tensor A must have at least 2 dimensions.")
    if array.shape[-1] != array.shape[-2]:
        raise not_square(array, "cholesky_inverse: ")
    check_kernel(array, "cholesky_inverse_out_cpu")
    try:
        found: Tensor = _cholesky_inverse.function(input, upper)
    except np.linalg.LinAlgError:
        zero = np.diagonal(array, 0, -2, -1) == 0
        info = np.where(np.any(zero, axis=-1), np.argmax(zero, axis=-1) + 1, 0)
        raise singular(info, "cholesky_inverse") from None
    return found


def _np_cholesky(a: Any, /, *, upper: bool = False) -> Tensor:
    return linalg_cholesky(a, upper=upper)


register(np.linalg.cholesky, _np_cholesky)

attach(cholesky, cholesky_inverse, cholesky_solve)
