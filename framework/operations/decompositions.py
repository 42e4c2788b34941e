"""Eigenvalues, singular values and QR decompositions of matrices, signs as LAPACK gives them."""

from __future__ import annotations

import warnings
from typing import Any, NoReturn

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import lower_part, reshaped, upper_part
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations import return_types
from framework.operations.arguments import check_tensors
from framework.operations.matrix_checks import (
    LinAlgError,
    check_float,
    check_kernel,
    columns,
    matrix,
    ratio,
    square,
    transposed,
)
from framework.operations.triangular import solve_triangle

__all__ = [
    "geqrf",
    "linalg_eig",
    "linalg_eigh",
    "linalg_eigvals",
    "linalg_eigvalsh",
    "linalg_qr",
    "linalg_svd",
    "linalg_svdvals",
    "qr",
    "svd",
]


def _on_diagonal(x: Any) -> Any:
    return lower_part(upper_part(np.broadcast_to(x[..., None, :], (*x.shape, x.shape[-1]))))


def _gaps(values: Any) -> Any:
    """How far each value (a column's) is from each other (a row's); ones on the diagonal."""
    return values[..., None, :] - values[..., :, None] + _on_diagonal(np.ones_like(values))


def _off_diagonal(x: Any) -> Any:
    return lower_part(x, -1) + upper_part(x, 1)


@operation(name="linalg_eigh", outputs="list")
def _eigh(A: Any, UPLO: Any) -> Any:
    values, vectors = np.linalg.eigh(A, UPLO)
    return [values, columns(vectors)]


@_eigh.derivative("A")
def _(g: Any, out: Any) -> Any:
    values, vectors = out
    turned = _off_diagonal(ratio(np.matmul(transposed(vectors), g[1]), _gaps(values)))
    slope = np.matmul(vectors, np.matmul(turned + _on_diagonal(g[0]), transposed(vectors)))
    # Symmetric as the matrix is, so that a step along it keeps it so.
    return (slope + transposed(slope)) * 0.5


_eigvalsh = operation(lambda A, UPLO: np.linalg.eigvalsh(A, UPLO), name="linalg_eigvalsh")


def _uplo(UPLO: Any) -> str:
    if UPLO.__class__ is str and UPLO in ("L", "U", "l", "u"):
        return UPLO.upper()
    raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")


def linalg_eigh(input: Tensor, UPLO: str = "L") -> Any:
    """The eigenvalues of symmetric matrices, ascending, and their eigenvectors, in columns.

    Only the lower triangle is looked at, or the upper with `UPLO="U"`.
    """
    array = square(input, "linalg_eigh", "linalg.eigh", "input")
    UPLO = _uplo(UPLO)
    check_kernel(array, "linalg_eigh_cpu")
    return return_types.linalg_eigh(_finite("linalg.eigh", _eigh, input, UPLO))


def linalg_eigvalsh(input: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of symmetric matrices, ascending."""
    array = square(input, "linalg_eigvalsh", "linalg.eigh", "input")
    UPLO = _uplo(UPLO)
    check_kernel(array, "linalg_eigh_cpu")
    if input.requires_grad:
        values: Tensor = _finite("linalg.eigh", _eigh, input, UPLO)[0]
        return values
    values = _finite("linalg.eigh", _eigvalsh, input, UPLO)
    return values


def _finite(name: str, row: Any, *arguments: Any) -> Any:
    """The result of an iteration, or what PyTorch says where it does not end."""
    try:
        return row.function(*arguments)
    except np.linalg.LinAlgError:
        bad = np.logical_not(np.all(np.isfinite(arguments[0]._array), axis=(-2, -1)))
        where = f"(Batch element {int(np.argmax(reshaped(bad, -1)))}): " if bad.ndim else ""
        if np.any(bad):
            text = "The algorithm failed to converge because the input matrix contained non-finite values."
        else:
            text = "The algorithm failed to converge because the input matrix is ill-conditioned."
        raise LinAlgError(f"{name}: {where}{text}") from None


_COMPLEX = "{} gives complex tensors, which are out of scope: for symmetric matrices there is {}"


def linalg_eig(input: Tensor) -> NoReturn:
    """Refuses: the eigenvalues of a matrix that is not symmetric are complex numbers."""
    raise NotImplementedError(_COMPLEX.format("linalg.eig", "linalg.eigh"))


def linalg_eigvals(input: Tensor) -> NoReturn:
    """Refuses: the eigenvalues of a matrix that is not symmetric are complex numbers."""
    raise NotImplementedError(_COMPLEX.format("linalg.eigvals", "linalg.eigvalsh"))


@operation(name="linalg_svd", outputs="list")
def _svd(A: Any, full_matrices: bool) -> Any:
    U, S, Vh = np.linalg.svd(A, full_matrices)
    return [columns(U), S, columns(Vh)]


@_svd.derivative("A")
def _(g: Any, out: Any) -> Any:
    U, S, Vh = out
    g_U, g_S, g_Vh = g
    count = S.shape[-1]
    # What a full decomposition has beyond the singular vectors is arbitrary, and takes no part.
    U, g_U, Vh, g_Vh = U[..., :count], g_U[..., :count], Vh[..., :count, :], g_Vh[..., :count, :]
    V, g_V = transposed(Vh), transposed(g_Vh)
    squares = S * S
    gaps = _gaps(squares)
    left, right = np.matmul(transposed(U), g_U), np.matmul(Vh, g_V)
    inner = ratio(_off_diagonal(left - transposed(left)), gaps) * S[..., None, :]
    inner = inner + S[..., :, None] * ratio(_off_diagonal(right - transposed(right)), gaps)
    slope = np.matmul(np.matmul(U, inner + _on_diagonal(g_S)), Vh)
    if U.shape[-2] > count:
        rest = ratio(g_U - np.matmul(U, left), S[..., None, :])
        slope = slope + np.matmul(rest, Vh)
    if V.shape[-2] > count:
        rest = ratio(g_V - np.matmul(V, right), S[..., None, :])
        slope = slope + np.matmul(U, transposed(rest))
    return slope


_svdvals = operation(lambda A: np.linalg.svd(A, compute_uv=False), name="linalg_svdvals")


def _check_svd(A: Any, function: str, argument: str, driver: Any) -> None:
    array = matrix(A, function, "linalg.svd", argument)
    check_float(array, "linalg.svd", "linalg_svd_cpu")
    if driver is not None:
        raise RuntimeError(
            "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend."
        )


def linalg_svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """U, S and Vh of `A = U @ diag(S) @ Vh`, singular values descending. Without `full_matrices` the part that counts."""
    _check_svd(A, "linalg_svd", "A", driver)
    return return_types.linalg_svd(_finite("linalg.svd", _svd, A, full_matrices))


def linalg_svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values, descending."""
    _check_svd(A, "linalg_svdvals", "A", driver)
    return singular_values(A)


def singular_values(A: Tensor) -> Tensor:
    """The singular values of a matrix already looked at."""
    if A.requires_grad:
        values: Tensor = _finite("linalg.svd", _svd, A, False)[1]
        return values
    values = _finite("linalg.svd", _svdvals, A)
    return values


def svd(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """U, S and V of `input = U @ diag(S) @ V.mT`; without `some` whole bases, without `compute_uv` zeros for these."""
    if isinstance(input, Tensor) and input._array.ndim < 2:
        raise RuntimeError(
            f"linalg.svd: input should have at least 2 dimensions, but has {input._array.ndim} dimensions instead"
        )
    _check_svd(input, "svd", "input", None)
    if compute_uv:
        U, S, Vh = _finite("linalg.svd", _svd, input, not some)
        return return_types.svd((U, S, Vh.mT))
    m, n = input.shape[-2:]
    batch = input.shape[:-2]
    return return_types.svd(
        (input.new_zeros((*batch, m, m)), singular_values(input), input.new_zeros((*batch, n, n)).mT)
    )


@operation(name="linalg_qr", outputs="list")
def _qr(A: Any, mode: Any) -> Any:
    if mode == "r":
        return [np.empty_like(A, shape=(0,)), columns(np.linalg.qr(A, mode))]
    Q, R = np.linalg.qr(A, mode)
    return [columns(Q), columns(R)]


@_qr.derivative("A")
def _(g: Any, out: Any, mode: str) -> Any:
    Q, R = out
    g_Q, g_R = g
    if mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use "
            "linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr."
        )
    m, n = Q.shape[-2], R.shape[-1]
    if mode == "complete" and m > n:
        raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.")
    count = R.shape[-2]
    wide = n > count
    R1 = R[..., :, :count]
    if wide:
        # The columns past the square part are Q times those of R.
        beyond = g_R[..., :, count:]
        g_Q = g_Q + np.matmul(Q, np.matmul(R[..., :, count:], transposed(beyond)))
        g_R = g_R[..., :, :count]
    inner = upper_part(np.matmul(g_R, transposed(R1)) - np.matmul(transposed(Q), g_Q))
    both = inner + transposed(upper_part(inner, 1))
    slope = solve_triangle(transposed(R1), g_Q + np.matmul(Q, both), False, False, False)
    return np.concatenate((slope, np.matmul(Q, beyond)), axis=-1) if wide else slope


def linalg_qr(A: Tensor, mode: str = "reduced") -> Any:
    """An orthogonal Q and an upper triangle R, whose product is A.

    mode: "reduced" for as many columns of Q as count, "complete" for all, "r" for R alone.
    """
    return return_types.linalg_qr(_decomposed(A, mode, "linalg_qr", "A"))


def _decomposed(A: Any, mode: str, function: str, argument: str) -> Any:
    array = matrix(A, function, "linalg.qr", argument)
    check_float(array, "linalg.qr", "geqrf_cpu")
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    return _qr.function(A, mode)


def qr(input: Tensor, some: bool = True) -> Any:
    """`linalg.qr`, which took its place; complete without `some`."""
    found = _decomposed(input, "reduced" if some else "complete", "qr", "input")
    warnings.warn(
        "torch.qr is deprecated in favor of torch.linalg.qr and will be removed in a future PyTorch release.\n"
        "The boolean parameter 'some' has been replaced with a string parameter 'mode'.\nQ, R = torch.qr(A, some)\n"
        "should be replaced with\nQ, R = torch.linalg.qr(A, 'reduced' if some else 'complete')",
        stacklevel=2,
    )
    return return_types.qr(found)


_geqrf = operation(
    lambda A: _raw(*np.linalg.qr(A, "raw")),
    name="geqrf",
    outputs="list",
)


def _raw(turned: Any, tau: Any) -> Any:
    return [columns(transposed(turned)), tau]


@_geqrf.derivative("A")
def _(g: Any) -> Any:
    raise NotImplementedError("the derivative for 'geqrf' is not implemented.")


def geqrf(input: Tensor) -> Any:
    """A QR decomposition as LAPACK leaves it, for `orgqr`: R, below it the vectors of reflections, and their factors."""
    check_tensors("geqrf", input=input)
    if input._array.ndim < 2:
        raise RuntimeError("torch.geqrf: input must have at least 2 dimensions.")
    check_kernel(input._array, "geqrf_cpu")
    return return_types.geqrf(_geqrf.function(input))


def _np_svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    if hermitian:
        raise TypeError("np.linalg.svd(hermitian=True) of a Tensor is not known: use np.linalg.eigh")
    return linalg_svd(a, full_matrices) if compute_uv else linalg_svdvals(a)


def _np_qr(a: Any, mode: str = "reduced") -> Any:
    return linalg_qr(a, mode)[1] if mode == "r" else linalg_qr(a, mode)


register(np.linalg.eigh, lambda a, UPLO="L": linalg_eigh(a, UPLO))
register(np.linalg.eigvalsh, lambda a, UPLO="L": linalg_eigvalsh(a, UPLO))
register(np.linalg.svd, _np_svd)
register(np.linalg.svdvals, lambda x, /: linalg_svdvals(x))
register(np.linalg.qr, _np_qr)

attach(geqrf, qr, svd)
