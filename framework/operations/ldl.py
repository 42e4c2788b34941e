"""LDL decompositions of symmetric matrices with Bunch and Kaufman's pivots: `linalg.ldl_factor`, `ldl_solve`.

A positive pivot p says that the diagonal of D has a number there and that its row was exchanged with row p, counted
from 1; two negative ones, that it has a block of two by two, whose second row was exchanged with row -p.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.decisions import decide
from framework.autograd.direct import lower_part, reshaped
from framework.autograd.errors import broadcast_error
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations import return_types
from framework.operations.arguments import check_tensors
from framework.operations.matrix_checks import batch_element, check_float, check_kernel, columns, square, title
from framework.operations.pairs import undifferentiable

__all__ = ["linalg_ldl_factor", "linalg_ldl_factor_ex", "linalg_ldl_solve"]

# Below it a number is too small a pivot next to those beside it. Source: Bunch and Kaufman, 1977.
_SMALL = (1 + math.sqrt(17)) / 8


def _pivot(a: Any, k: int) -> tuple[int, int]:
    """The row to exchange for step k, and whether the step takes one row or two."""
    here = abs(a[k, k])
    below = np.absolute(a[k + 1 :, k])
    most = below.max() if below.size else 0.0
    if here >= _SMALL * most:
        return k, 1
    other = k + 1 + int(below.argmax())
    beside = max(np.absolute(a[other, k:other]).max(), np.absolute(a[other + 1 :, other]).max(initial=0.0))
    if here >= _SMALL * most * (most / beside):
        return k, 1
    return other, 1 if abs(a[other, other]) >= _SMALL * beside else 2


def _exchange(a: Any, k: int, here: int, other: int) -> None:
    """Exchanges rows and columns of a symmetric matrix, given by its lower triangle, from column k on."""
    if here == other:
        return
    a[other + 1 :, [here, other]] = a[other + 1 :, [other, here]]
    between = a[here + 1 : other, here].copy()
    a[here + 1 : other, here] = a[other, here + 1 : other]
    a[other, here + 1 : other] = between
    a[here, here], a[other, other] = a[other, other], a[here, here]
    if here > k:
        a[here, k], a[other, k] = a[other, k], a[here, k]


def _factor(a: Any, pivots: Any) -> int:
    """Factors the lower triangle of a matrix in place; gives the first step that met a zero, from 1, or 0."""
    k = info = 0
    while k < len(a):
        if not np.any(a[k:, k]):
            info = info or k + 1
            pivots[k] = k + 1
            k += 1
            continue
        other, count = _pivot(a, k)
        _exchange(a, k, k + count - 1, other)
        rest = a[k + count :, k : k + count]
        if count == 1:
            pivots[k] = other + 1
            factors = rest / a[k, k]
        else:
            pivots[k : k + 2] = -other - 1
            # The inverse of the block, scaled by what is off its diagonal, which is its largest number.
            off = a[k + 1, k]
            first, second = a[k, k] / off, a[k + 1, k + 1] / off
            inverse = np.array([[second, -1], [-1, first]], a.dtype) / (off * (first * second - 1))
            factors = rest @ inverse
        a[k + count :, k + count :] -= lower_part(factors @ rest.T)
        a[k + count :, k : k + count] = factors
        k += count
    return info


def _factored(A: Any) -> tuple[Any, Any, Any]:
    # Not to be seen through: what is exchanged depends on values.
    flat = np.array(reshaped(lower_part(A), (-1, *A.shape[-2:]) if A.size else (0, 1, 1)))
    pivots = np.zeros(flat.shape[:-1], np.int32)
    info = np.array([_factor(each, pivots[number]) for number, each in enumerate(flat)], np.int32)
    if not A.size:
        info = np.zeros(math.prod(A.shape[:-2]), np.int32)
    return columns(reshaped(flat, A.shape)), reshaped(pivots, A.shape[:-1]), reshaped(info, A.shape[:-2])


_ldl_factor = operation(
    _factored,
    name="linalg_ldl_factor_ex",
    grad_fn="NotImplemented",
    promote="float",
    outputs=3,
    residuals=("pivots", "info"),
    A=undifferentiable("linalg_ldl_factor_ex", whole=True),
)


def _solve(a: Any, pivots: Any, x: Any) -> None:
    """Solves for one matrix, in place."""
    steps, k = [], 0
    while k < len(a):
        count = 1 if pivots[k] > 0 else 2
        steps.append((k, k + count, k + count - 1, abs(pivots[k]) - 1))
        k += count
    for start, end, here, other in steps:
        x[[here, other]] = x[[other, here]]
        x[end:] -= a[end:, start:end] @ x[start:end]
        block = lower_part(a[start:end, start:end])
        x[start:end] = np.linalg.solve(block + lower_part(block, -1).T, x[start:end])
    for start, end, here, other in reversed(steps):
        x[start:end] -= a[end:, start:end].T @ x[end:]
        x[[here, other]] = x[[other, here]]


def _solved(LD: Any, pivots: Any, B: Any) -> Any:
    batch = np.broadcast_shapes(LD.shape[:-2], B.shape[:-2])
    n, count = B.shape[-2:]
    # Not to be seen through, as above.
    x = np.array(np.broadcast_to(B, (*batch, n, count)))
    if x.size:
        flat = reshaped(x, (-1, n, count))
        a = reshaped(np.broadcast_to(np.array(LD), (*batch, n, n)), (-1, n, n))
        p = reshaped(np.broadcast_to(np.array(pivots), (*batch, n)), (-1, n))
        for number, each in enumerate(flat):
            _solve(a[number], p[number], each)
    return columns(x)


_ldl_solve = operation(
    _solved,
    name="linalg_ldl_solve",
    grad_fn="NotImplemented",
    LD=undifferentiable("linalg_ldl_solve", whole=True),
    B=undifferentiable("linalg_ldl_solve", whole=True),
)


def linalg_ldl_factor(input: Tensor, *, hermitian: bool = False) -> Any:
    """L and D of `A = P @ L @ D @ L.mT @ P.mT` in one matrix, and the pivots. Only the lower triangle is looked at.

    RuntimeError where D has a zero on its diagonal.
    """
    LD, pivots, info = _ldl("linalg_ldl_factor", input, hermitian)
    decide(_zero("torch.linalg.ldl_factor"), info._array)
    return return_types.linalg_ldl_factor((LD, pivots))


def linalg_ldl_factor_ex(input: Tensor, *, hermitian: bool = False, check_errors: bool = False) -> Any:
    """`linalg.ldl_factor` that tells of a zero on D's diagonal by `info`: which it is, counted from 1, or 0."""
    LD, pivots, info = _ldl("linalg_ldl_factor_ex", input, hermitian)
    if check_errors:
        decide(_zero("torch.linalg.ldl_factor_ex"), info._array)
    return return_types.linalg_ldl_factor_ex((LD, pivots, info))


def _ldl(function: str, input: Any, hermitian: Any) -> Any:
    if not isinstance(input, Tensor):
        check_tensors(function, input=input)
    if not isinstance(hermitian, bool):
        raise TypeError(f"{function}(): argument 'hermitian' must be bool, not {type(hermitian).__name__}")
    check_float(square(input, function, "torch.linalg.ldl_factor_ex"), "torch.linalg.ldl_factor_ex", _KERNEL)
    return _ldl_factor.function(input)


_KERNEL = "ldl_factor_kernel_cpu"


def _zero(name: str) -> Any:
    def check(info: Any) -> None:
        if np.any(info):
            where, code = batch_element(info)
            raise RuntimeError(f"{name}: {where}D[{code},{code}] is zero: the matrix is singular.")

    return check


def linalg_ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False) -> Tensor:
    """The X of `A @ X = B`, A given as `linalg.ldl_factor` factored it. It has no gradient."""
    name = "torch.linalg.ldl_solve"
    check_tensors("linalg_ldl_solve", LD=LD, pivots=pivots, B=B)
    a, b, p = square(LD, "linalg_ldl_solve", name), B._array, pivots._array
    check_float(a, name, "ldl_solve_kernel_cpu")
    normalize_dim(-2, b.ndim)
    if p.shape != a.shape[:-1]:
        raise RuntimeError(
            f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape "
            f"{list(p.shape)} instead"
        )
    if p.dtype.kind not in "iub":
        raise RuntimeError(f"{name}: Expected pivots to be integers. Got {title(p)}")
    if b.shape[-2] != a.shape[-1]:
        raise RuntimeError(
            f"Incompatible matrix sizes for {name}: each A matrix is {a.shape[-1]} by {a.shape[-1]} but each b matrix "
            f"is {b.shape[-2]} by {b.shape[-1]}"
        )
    if b.dtype != a.dtype:
        raise RuntimeError(
            f"Expected b and A to have the same dtype, but found b of type {title(b)} and A of type {title(a)} instead."
        )
    error = broadcast_error([b.shape[:-2], a.shape[:-2]])
    if error is not None:
        raise error
    check_kernel(b, "ldl_solve_kernel_cpu")
    found: Tensor = _ldl_solve.function(LD, pivots, B)
    return found
