"""What functions of matrices ask of their arguments, in PyTorch's words, and the errors they raise for bad matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.direct import reshaped, swapped
from framework.autograd.errors import broadcast_error
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors

__all__ = ["LinAlgError"]


class _LinAlgError(RuntimeError):
    """A matrix that has no such decomposition, inverse or solution."""


_LinAlgError.__module__ = "torch._C"
LinAlgError = _LinAlgError


def title(array: Any) -> str:
    """The type of an array as PyTorch's messages name it."""
    return dtypes.from_numpy(array.dtype).scalar_name


def single_or_double(array: Any) -> bool:
    return array.dtype.kind == "f" and array.dtype.itemsize > 2


def matrix(A: Any, function: str, name: str, argument: str = "A", letter: str = "A") -> Any:
    """The array of a Tensor of at least two dimensions."""
    if not isinstance(A, Tensor):
        check_tensors(function, **{argument: A})
    array = A._array
    if array.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {letter} must have at least 2 dimensions.")
    return array


def square(A: Any, function: str, name: str, argument: str = "A") -> Any:
    """The array of a Tensor of square matrices."""
    array = matrix(A, function, name, argument)
    shape = array.shape
    if shape[-1] != shape[-2]:
        raise not_square(array, f"{name}: ")
    return array


def not_square(array: Any, prefix: str) -> RuntimeError:
    return RuntimeError(
        f"{prefix}A must be batches of square matrices, but they are {array.shape[-2]} by {array.shape[-1]} matrices"
    )


def check_float(array: Any, name: str, kernel: str | None = None) -> None:
    """Raises for numbers that are not float32 or float64; for float16 as the kernel of that name does."""
    if single_or_double(array):
        return
    if array.dtype.kind != "f":
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {title(array)}")
    if kernel is None:
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got {title(array)}")
    check_kernel(array, kernel)


def check_kernel(array: Any, kernel: str) -> None:
    if not single_or_double(array):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{title(array)}'")


def check_batches(a: Any, b: Any) -> None:
    """Raises PyTorch's error for batches that do not broadcast, `b` named first as in its messages."""
    if a.ndim > 2 and b.ndim > 2:
        error = broadcast_error([b.shape[:-2], a.shape[:-2]])
        if error is not None:
            raise error


def check_factors(a: Any, b: Any, left: bool, name: str) -> None:
    """Raises for a right-hand side that does not fit the matrices of an equation."""
    n = a.shape[-1]
    if n != b.shape[-2 if left else -1]:
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
            f"({a.shape[-2]}x{n} and {b.shape[-2]}x{b.shape[-1]})"
        )


def columns(x: Any) -> Any:
    """The same matrices, each column by column in memory, as LAPACK leaves its results."""
    if x.ndim < 2:
        return x
    return swapped(np.copy(swapped(x, -1, -2), order="C"), -1, -2)


def transposed(x: Any) -> Any:
    return swapped(x, -1, -2)


def batch_element(info: Any) -> tuple[str, int]:
    """Of the codes that a factorization gave its matrices, the first that tells of a failure, and where it stands."""
    flat = reshaped(info, -1)
    number = int(np.flatnonzero(flat)[0])
    return (f"(Batch element {number}): " if info.ndim else ""), int(flat[number])


def singular(info: Any, name: str) -> LinAlgError:
    where, code = batch_element(info)
    return LinAlgError(
        f"{name}: {where}The diagonal element {code} is zero, the inversion could not be completed because the input "
        "matrix is singular."
    )


def ratio(numerator: Any, denominator: Any) -> Any:
    """The quotient, zero where both are: what no gradient has reached has none to pass on."""
    nothing = np.logical_and(numerator == 0, denominator == 0)
    return numerator / np.where(nothing, np.ones_like(denominator), denominator)
