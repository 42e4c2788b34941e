"""Matrices that are not invertible: the pseudoinverse, the rank, least squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.autograd.direct import in_dtype, zeros
from framework.autograd.errors import broadcast_error
from framework.autograd.grad_mode import mode
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations import return_types
from framework.operations.arguments import check_tensors
from framework.operations.choosing import choose
from framework.operations.decompositions import _finite, _svd, linalg_eigvalsh, linalg_svdvals
from framework.operations.matrix_checks import columns, not_square, single_or_double, title, transposed

__all__ = ["linalg_lstsq", "linalg_matrix_rank", "linalg_pinv", "pinverse"]


def _tolerances(A: Any, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """The absolute and the relative tolerance; by default the latter is what rounding makes of a matrix of that size."""
    if atol is None and rtol is not None:
        return 0.0, rtol
    default = float(np.finfo(A.dtype).eps) * max(A.shape[-2:])
    if atol is None:
        return 0.0, default
    if rtol is not None:
        return atol, rtol
    return atol, (choose(atol > 0, 0.0, default) if hasattr(atol, "dtype") else 0.0 if atol > 0 else default)


def _bound(size: Any, atol: Any, rtol: Any) -> Any:
    """What singular values, or absolute eigenvalues, must exceed, as a column of one."""
    largest = np.max(size, axis=-1, keepdims=True)
    found = [in_dtype(each, size.dtype)[..., None] if hasattr(each, "dtype") else each for each in (atol, rtol)]
    return np.maximum(largest * found[1], found[0])


@operation(name="linalg_pinv")
def _pinv(A: Any, atol: Any, rtol: Any, hermitian: bool) -> Any:
    if 0 in A.shape:
        return zeros(A, shape=(*A.shape[:-2], A.shape[-1], A.shape[-2]))
    atol, rtol = _tolerances(A, atol, rtol)
    if hermitian:
        values, left = np.linalg.eigh(A)
        right, size = left, np.absolute(values)
    else:
        left, values, right = np.linalg.svd(A, False)
        right, size = transposed(right), values
    kept = size > _bound(size, atol, rtol)
    factors = kept / np.where(kept, values, np.ones_like(values))
    return np.matmul(right * in_dtype(factors, A.dtype)[..., None, :], transposed(left))


@_pinv.derivative("A")
def _(g: Any, A: Any, out: Any) -> Any:
    return pseudo_slope(g, A, out)


def pseudo_slope(g: Any, A: Any, P: Any) -> Any:
    """The gradient of a matrix by that of its pseudoinverse `P`, the rank staying as it is."""
    back, g_back = transposed(P), transposed(g)
    slope = -np.matmul(back, np.matmul(g, back))
    rows = np.matmul(g_back, np.matmul(P, back))
    slope = slope + rows - np.matmul(A, np.matmul(P, rows))
    others = np.matmul(np.matmul(back, P), g_back)
    return slope + others - np.matmul(np.matmul(others, P), A)


def linalg_pinv(
    input: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """The pseudoinverse of each matrix: singular values up to `max(atol, rtol * largest)` count as zero."""
    if not isinstance(input, Tensor):
        check_tensors("linalg_pinv", input=input)
    array = input._array
    if array.ndim < 2 or not single_or_double(array):
        raise RuntimeError(
            f"linalg.pinv({title(array)}{{{list(array.shape)}}}): expected a tensor with 2 or more dimensions of "
            "float, double, cfloat or cdouble types"
        )
    if hermitian and array.shape[-1] != array.shape[-2]:
        raise not_square(array, "linalg.eigh: ")
    if rcond is not None:
        atol, rtol = 0.0, rcond
    for name, each in (("atol", atol), ("rtol", rtol)):
        if isinstance(each, Tensor) and each.requires_grad and mode.recording:
            raise RuntimeError(
                f"The function 'linalg_pinv' is not differentiable with respect to argument '{name}'. This input cannot "
                "have requires_grad True."
            )
    return _finite("linalg.eigh" if hermitian else "linalg.svd", _pinv, input, atol, rtol, hermitian)


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """`linalg.pinv`, by another name."""
    check_tensors("pinverse", input=input)
    return linalg_pinv(input, rcond)


_count_above = operation(
    lambda size, atol, rtol: np.add.reduce(size > _bound(size, atol, rtol), axis=-1, dtype=np.int64), name="count_above"
)


def linalg_matrix_rank(
    input: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """How many singular values exceed `max(atol, rtol * largest)`."""
    if not isinstance(input, Tensor):
        check_tensors("linalg_matrix_rank", input=input)
    array = input._array
    if array.ndim < 2:
        raise RuntimeError("torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.")
    if not single_or_double(array):
        raise RuntimeError("This function doesn't handle types other than float and double")
    if tol is not None:
        atol, rtol = tol, 0.0
    atol, rtol = [each._array if isinstance(each, Tensor) else each for each in (atol, rtol)]
    matrix = input.detach()
    size = linalg_eigvalsh(matrix).abs() if hermitian else linalg_svdvals(matrix)
    if 0 in array.shape[-2:]:
        return size.new_zeros(array.shape[:-2]).long()
    found: Tensor = _count_above.function(size, *_tolerances(array, atol, rtol))
    return found


_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def _least(A: Any, B: Any, U: Any, S: Any, Vh: Any, rcond: Any, vector: bool, residuals: bool) -> Any:
    right = B[..., None] if vector else B
    m, n = A.shape[-2:]
    if S.shape[-1]:
        kept = S > np.max(S, axis=-1, keepdims=True) * rcond
        factors = in_dtype(kept / np.where(kept, S, np.ones_like(S)), S.dtype)
        X = np.matmul(transposed(Vh), factors[..., None] * np.matmul(transposed(U), right))
    else:
        X = zeros(right, shape=(*right.shape[:-2], n, right.shape[-1]))
    if residuals:
        error = np.matmul(A, X) - right
        squares = np.add.reduce(error * error, axis=-2)
    else:
        squares = np.empty_like(A, shape=(0,))
    if m > n:
        # It lies in memory as the right-hand side does, in whose place LAPACK leaves it.
        X = np.concatenate((X, zeros(X, shape=(*X.shape[:-2], m - n, X.shape[-1]))), axis=-2)
    return [X[..., :n, 0] if vector else columns(X)[..., :n, :], squares]


_lstsq = operation(_least, name="linalg_lstsq", outputs="list")


@_lstsq.derivative("A", "B")
def _(g: Any, A: Any, B: Any, rcond: Any, vector: bool, residuals: bool) -> Any:
    right, g_X = (B[..., None], g[0][..., None]) if vector else (B, g[0])
    P = _pinv(A, 0.0, rcond, False)
    slope = pseudo_slope(np.matmul(g_X, transposed(right)), A, P)
    g_B = np.matmul(transposed(P), g_X)
    if residuals:
        X = np.matmul(P, right)
        error = 2 * (np.matmul(A, X) - right) * g[1][..., None, :]
        slope, g_B = slope + np.matmul(error, transposed(X)), g_B - error
    return slope, g_B[..., 0] if vector else g_B


def linalg_lstsq(input: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """The X that makes the columns of `input @ X - b` shortest, and is itself the shortest of those.

    Singular values up to `rcond` times the largest count as zero. Also the sums of squares left over, the rank and the
    singular values, as far as the LAPACK driver of that name gives these.
    """
    check_tensors("linalg_lstsq", input=input, b=b)
    vector = _check_least(input._array, b._array, driver)
    driver = driver or "gelsy"
    m, n = input.shape[-2:]
    limit = float(np.finfo(input._array.dtype).eps) * max(m, n) if rcond is None else rcond
    # Of constants: the derivatives come of the pseudoinverse.
    U, sizes, Vh = _finite("linalg.svd", _svd, input.detach(), False)
    if 0 in input.shape or 0 in b.shape:
        rank = sizes.new_zeros(input.shape[:-2]).long()
    else:
        rank = _count_above.function(sizes, 0.0, limit)
    whole = driver != "gelsy" and m > n and decide(lambda found: bool(np.all(found == n)), rank._array)
    solution, residuals = _lstsq.function(input, b, U, sizes, Vh, 0.0 if driver == "gels" else limit, vector, whole)
    return return_types.linalg_lstsq(
        (
            solution,
            residuals,
            rank.new_empty(0) if driver == "gels" else rank,
            sizes if driver in ("gelsd", "gelss") else sizes.new_empty(0),
        )
    )


def _check_least(a: Any, b: Any, driver: str | None) -> bool:
    """Raises for operands that make no problem; tells whether the right-hand side is made of vectors."""
    name = "torch.linalg.lstsq"
    if a.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if b.ndim < 1:
        raise RuntimeError(f"{name}: other must have at least 1 dimension.")
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"{name}: Expected input and other to have the same dtype, but got input's dtype {title(a)} and other's "
            f"dtype {title(b)}"
        )
    if not 0 <= a.ndim - b.ndim <= 1:
        raise RuntimeError(
            f"{name}: input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) <= 1"
        )
    vector: bool = b.ndim == a.ndim - 1
    error = broadcast_error([a.shape[:-2], b.shape[: -1 if vector else -2]])
    if error is not None:
        raise error
    if a.shape[-2] != b.shape[-1 if vector else -2]:
        raise RuntimeError(f"{name}: input.size(-2) should match other.size({-1 if vector else -2})")
    if not single_or_double(a):
        raise RuntimeError("This function doesn't handle types other than float and double")
    if driver is not None and driver not in _DRIVERS:
        raise RuntimeError(f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    return vector


def _np_pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Tensor:
    return linalg_pinv(
        a, hermitian=hermitian, rtol=1e-15 if rcond is rtol is None else rtol if rcond is None else rcond
    )


def _np_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Tensor:
    return linalg_matrix_rank(A, tol, hermitian, rtol=rtol)


register(np.linalg.pinv, _np_pinv)
register(np.linalg.matrix_rank, _np_rank)

attach(pinverse)
