"""Products of reflections, as a QR decomposition leaves them: `linalg.householder_product`, `orgqr`, `ormqr`.

The vectors stand below the diagonal of a matrix, each with a one above it that is not written; the factors in `tau`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import lower_part, upper_part, zeros
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.arguments import check_tensors
from framework.operations.matrix_checks import check_kernel, columns, title, transposed

__all__ = ["linalg_householder_product", "orgqr", "ormqr"]


def _reflectors(A: Any, count: int) -> Any:
    """The vectors of the reflections, ones and what is below them, as matrices of one column."""
    lower = lower_part(A, -1) + lower_part(upper_part(np.ones_like(A)))
    return [lower[..., :, number : number + 1] for number in range(count)]


def _across(v: Any, x: Any) -> Any:
    """A column's products with all others, as a row."""
    return np.add.reduce(v * x, axis=-2, keepdims=True)


def _steps(A: Any, tau: Any) -> list[Any]:
    """The products of the last reflections with the unit matrix, one more each time."""
    products = [lower_part(upper_part(np.ones_like(A)))]
    vectors = _reflectors(A, tau.shape[-1])
    for number in range(tau.shape[-1] - 1, -1, -1):
        v, Q = vectors[number], products[-1]
        products.append(Q - tau[..., number, None, None] * (v * _across(v, Q)))
    return products


_householder = operation(lambda input, tau: columns(_steps(input, tau)[-1]), name="linalg_householder_product")


def _slope(g: Any, input: Any, tau: Any) -> Any:
    """The gradients of the vectors and factors of the reflections by that of their product."""
    count = tau.shape[-1]
    products, vectors = _steps(input, tau), _reflectors(input, count)
    slopes, factors = [], []
    for number in range(count):
        v, Q, t = vectors[number], products[count - 1 - number], tau[..., number, None, None]
        row, back = _across(v, Q), _across(v, g)
        factors.append(-np.add.reduce(row * back, axis=-1)[..., 0])
        slopes.append(-t * np.add.reduce(g * row + Q * back, axis=-1, keepdims=True))
        g = g - t * (v * back)
    if not count:
        return zeros(input), zeros(tau)
    slope = lower_part(np.concatenate(slopes, axis=-1), -1)
    if count < input.shape[-1]:
        slope = np.concatenate((slope, zeros(input[..., :, count:])), axis=-1)
    return slope, np.stack(factors, axis=-1)


_householder.add_derivative(_slope, "input", "tau")


def linalg_householder_product(input: Tensor, tau: Tensor) -> Tensor:
    """The first columns of a product of reflections, as `geqrf` leaves these: vectors below the diagonal, and factors."""
    name = "torch.linalg.householder_product"
    check_tensors("linalg_householder_product", input=input, tau=tau)
    a, t = input._array, tau._array
    if a.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if a.shape[-2] < a.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if t.ndim and a.shape[-1] < t.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    if a.ndim - t.ndim != 1:
        raise RuntimeError(
            f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to {t.ndim} and "
            f"input.ndim is equal to {a.ndim}"
        )
    if a.shape[:-2] != t.shape[:-1]:
        raise RuntimeError(
            f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got {list(t.shape[:-1])}"
        )
    if a.dtype != t.dtype:
        raise RuntimeError(f"{name}: tau dtype {title(t)} does not match input dtype {title(a)}")
    check_kernel(a, "orgqr_cpu")
    found: Tensor = _householder.function(input, tau)
    return found


def orgqr(input: Tensor, tau: Tensor) -> Tensor:
    """`linalg.householder_product`, by another name."""
    return linalg_householder_product(input, tau)


def _square(input: Any, count: int) -> Any:
    """The vectors of the reflections, filled up with zeros to a square matrix."""
    rows = input.shape[-2]
    filler = zeros(input, shape=(*input.shape[:-1], rows - count))
    return np.concatenate((input[..., :, :count], filler), axis=-1)


def _multiplied(input: Any, input2: Any, input3: Any, left: bool, transpose: bool) -> Any:
    Q = _steps(_square(input, input2.shape[-1]), input2)[-1]
    Q = transposed(Q) if transpose else Q
    return columns(np.matmul(Q, input3) if left else np.matmul(input3, Q))


_ormqr = operation(_multiplied, name="ormqr")


@_ormqr.derivative("input", "input2", "input3")
def _(g: Any, input: Any, input2: Any, input3: Any, left: bool, transpose: bool, needs: Any) -> Any:
    back = _ormqr(input, input2, g, left, not transpose)
    if not (needs[0] or needs[1]):
        return None, None, back
    whole = np.matmul(g, transposed(input3)) if left else np.matmul(transposed(input3), g)
    count = input2.shape[-1]
    slope, factors = _slope(transposed(whole) if transpose else whole, _square(input, count), input2)
    slope = np.copy(slope[..., :, :count], order="C")
    if count < input.shape[-1]:
        slope = np.concatenate((slope, zeros(input[..., :, count:])), axis=-1)
    return slope, factors, back


def ormqr(input: Tensor, input2: Tensor, input3: Tensor, left: bool = True, transpose: bool = False) -> Tensor:
    """The product of all columns of the reflections' product Q and a matrix: `Q @ input3`, or `input3 @ Q`.

    input, input2: vectors and factors, as `linalg.householder_product` takes them. transpose: Q transposed.
    """
    check_tensors("ormqr", input=input, input2=input2, input3=input3)
    for position, (argument, value) in enumerate((("left", left), ("transpose", transpose)), 4):
        if not isinstance(value, bool):
            raise TypeError(
                f"ormqr(): argument '{argument}' (position {position}) must be bool, not {type(value).__name__}"
            )
    a, t, c = input._array, input2._array, input3._array
    for name, array in (("input", a), ("other", c)):
        if array.ndim < 2:
            raise RuntimeError(f"torch.ormqr: {name} must have at least 2 dimensions.")
    side = -2 if left else -1
    normalize_dim(-1, t.ndim)
    if t.shape[-1] != min(c.shape[side], a.shape[-1]):
        raise RuntimeError(f"torch.ormqr: tau.shape[-1] must be equal to min(other.shape[{side}], input.shape[-1])")
    if c.shape[side] != a.shape[-2]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2]")
    if a.ndim - t.ndim != 1:
        raise RuntimeError(
            f"torch.ormqr: Expected tau to have one dimension less than input, but got tau.ndim equal to {t.ndim} and "
            f"input.ndim is equal to {a.ndim}"
        )
    if a.ndim != c.ndim:
        raise RuntimeError(
            "torch.ormqr: Expected other to have the same number of dimensions as input, but got other.ndim equal to "
            f"{c.ndim} and input.ndim is equal to {a.ndim}"
        )
    for name, batch in (("tau", t.shape[:-1]), ("other", c.shape[:-2])):
        if batch != a.shape[:-2]:
            raise RuntimeError(
                f"torch.ormqr: Expected batch dimensions of {name} to be equal to input.shape[:-2], but got {list(batch)}"
            )
    for name, array in (("tau", t), ("other", c)):
        if array.dtype != a.dtype:
            raise RuntimeError(
                f"torch.ormqr: Expected input and {name} to have the same dtype, but input has dtype{title(a)} and "
                f"{name} has dtype {title(array)}"
            )
    check_kernel(a, "ormqr_cpu")
    found: Tensor = _ormqr.function(input, input2, input3, left, transpose)
    return found


attach(orgqr, ormqr)
