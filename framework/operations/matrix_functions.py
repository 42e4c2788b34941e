"""Powers, exponentials and products of whole matrices."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.autograd.direct import lower_part, upper_part, zeros
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.size import contiguous_format
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors, tensor_list
from framework.operations.creation import eye
from framework.operations.inverses import linalg_inv
from framework.operations.matmul import matmul
from framework.operations.matrix_checks import square, title, transposed

__all__ = [
    "chain_matmul",
    "linalg_matrix_exp",
    "linalg_matrix_power",
    "linalg_multi_dot",
    "matrix_exp",
    "matrix_power",
]


def linalg_matrix_power(input: Tensor, n: int) -> Tensor:
    """The product of `n` times the matrix; of its inverse for a negative `n`."""
    return _power(input, n, "linalg_matrix_power", "input")


def matrix_power(input: Tensor, n: int) -> Tensor:
    """`linalg.matrix_power`, by another name."""
    return _power(input, n, "matrix_power", "input")


def _power(A: Tensor, n: int, function: str, argument: str) -> Tensor:
    square(A, function, "linalg.matrix_power", argument)
    if n.__class__ is not int:
        raise TypeError(f"{function}(): argument 'n' (position 2) must be int, not {type(n).__name__}")
    if n == 0:
        return A.clone(memory_format=contiguous_format).copy_(eye(A.shape[-1], dtype=A.dtype).expand(A.shape))
    if n < 0:
        A, n = linalg_inv(A), -n
        if n == 1:
            return A
    if n == 1:
        return A.clone(memory_format=contiguous_format)
    result: Any = None
    while n:
        if n % 2:
            result = A if result is None else matmul(result, A)
        n //= 2
        if n:
            A = matmul(A, A)
    assert isinstance(result, Tensor)
    return result


# The coefficients of the rational function that stands for the exponential of a matrix of a norm below 5.4.
# Source: Higham, The Scaling and Squaring Method for the Matrix Exponential Revisited, 2005.
_PADE = (
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
    670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
)  # fmt: skip
_PADE_NORM = 5.4


def _halvings(A: Any) -> int:
    """How often the matrices must be halved to have a small norm."""
    if not A.size:
        return 0
    largest = float(np.max(np.sum(np.absolute(A), axis=-2)))
    return max(0, math.frexp(largest / _PADE_NORM)[1]) if math.isfinite(largest) else 0


def _exponential(A: Any) -> Any:
    halvings = decide(_halvings, A)
    b = [each / _PADE[0] for each in _PADE]
    if halvings:
        A = A * 0.5**halvings
    unit = lower_part(upper_part(np.ones_like(A)))
    A2 = np.matmul(A, A)
    A4 = np.matmul(A2, A2)
    A6 = np.matmul(A2, A4)
    odd = np.matmul(A6, b[13] * A6 + b[11] * A4 + b[9] * A2) + b[7] * A6 + b[5] * A4 + b[3] * A2 + b[1] * unit
    odd = np.matmul(A, odd)
    even = np.matmul(A6, b[12] * A6 + b[10] * A4 + b[8] * A2) + b[6] * A6 + b[4] * A4 + b[2] * A2 + unit
    result = np.linalg.solve(even - odd, even + odd)
    for _ in range(halvings):
        result = np.matmul(result, result)
    return result


_matrix_exp = operation(_exponential, name="linalg_matrix_exp")


@_matrix_exp.derivative("A")
def _(g: Any, A: Any) -> Any:
    # The exponential of a block triangle holds the derivative in the direction of its corner.
    n = A.shape[-1]
    back = transposed(A)
    whole = np.concatenate((np.concatenate((back, g), axis=-1), np.concatenate((zeros(A), back), axis=-1)), axis=-2)
    return _matrix_exp(whole)[..., :n, n:]


def linalg_matrix_exp(input: Tensor) -> Tensor:
    """The exponential of each matrix: the sum of its powers, each over its factorial."""
    array = square(input, "linalg_matrix_exp", "linalg.matrix_exp", "input")
    if array.dtype.kind != "f":
        raise RuntimeError(
            f"linalg.matrix_exp: Expected a floating point or complex tensor as input. Got {title(array)}"
        )
    if array.dtype.itemsize == 2:
        return linalg_matrix_exp(input.float()).half()
    found: Tensor = _matrix_exp.function(input)
    return found


def matrix_exp(input: Tensor) -> Tensor:
    """`linalg.matrix_exp`, by another name."""
    check_tensors("matrix_exp", input=input)
    return linalg_matrix_exp(input)


def linalg_multi_dot(tensors: Any) -> Tensor:
    """The product of several matrices, in the order that takes the fewest multiplications.

    The first and the last may be vectors.
    """
    if not isinstance(tensors, (list, tuple)):
        raise TypeError(
            "linalg_multi_dot(): argument 'tensors' (position 1) must be tuple of Tensors, not "
            f"{type(tensors).__name__}"
        )
    given = tensor_list(tensors, "linalg_multi_dot")
    count = len(given)
    if count < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {count}")
    for name, each in (("first", given[0]), ("last", given[-1])):
        if each.ndim not in (1, 2):
            raise RuntimeError(f"multi_dot(): the {name} tensor must be 1D or 2D but got {each.ndim}D")
    shape = [*given[0].shape[:-1], *given[-1].shape[1:]]
    chain = list(given)
    if chain[0].ndim == 1:
        chain[0] = chain[0].unsqueeze(0)
    if chain[-1].ndim == 1:
        chain[-1] = chain[-1].unsqueeze(-1)
    for number, each in enumerate(given[1:-1], 1):
        if each.ndim != 2:
            raise RuntimeError(f"multi_dot(): tensor {number} must be 2D but got {each.ndim}D")
    for number in range(1, count):
        a, b = chain[number - 1], chain[number]
        if b.dtype is not chain[0].dtype:
            raise RuntimeError(
                f"multi_dot(): all tensors must have be the same dtype but tensor 0 is {dtypes.c_name(chain[0]._array.dtype)} and "
                f"tensor {number} {dtypes.c_name(b._array.dtype)}"
            )
        if a.shape[-1] != b.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {number - 1} and {number} with shapes {list(a.shape)} and {list(b.shape)} "
                "cannot be multiplied"
            )
    if count == 2:
        return matmul(*chain).view(shape)
    sizes = (chain[0].shape[0], *[each.shape[1] for each in chain])
    return _multiplied(chain, _splits(sizes), 0, count - 1).view(shape)


@lru_cache(maxsize=256)
def _splits(sizes: tuple[int, ...]) -> list[list[int]]:
    """Where each part of a chain of products, from i to j, is best divided; matrix i is of sizes[i] by sizes[i + 1]."""
    count = len(sizes) - 1
    costs = [[0] * count for _ in range(count)]
    splits = [[0] * count for _ in range(count)]
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            options = [costs[i][k] + costs[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)]
            costs[i][j] = min(options)
            splits[i][j] = i + options.index(costs[i][j])
    return splits


def _multiplied(chain: list[Tensor], splits: list[list[int]], i: int, j: int) -> Tensor:
    if i == j:
        return chain[i]
    k = splits[i][j]
    return matmul(_multiplied(chain, splits, i, k), _multiplied(chain, splits, k + 1, j))


def chain_matmul(*matrices: Any) -> Tensor:
    """`linalg.multi_dot`, which took its place, of matrices given one by one."""
    given = tensor_list(
        matrices[0] if len(matrices) == 1 and isinstance(matrices[0], (list, tuple)) else matrices, "chain_matmul"
    )
    warnings.warn(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use torch.linalg.multi_dot "
        "instead, which accepts a list of two or more tensors rather than multiple parameters.",
        stacklevel=2,
    )
    for each in given:
        if each.ndim != 2:
            raise RuntimeError(f"Tensor dimension is {each.ndim}, expected 2 instead.")
    if not given:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    return given[0] if len(given) == 1 else linalg_multi_dot(given)


register(np.linalg.matrix_power, lambda a, n: linalg_matrix_power(a, n))
register(np.linalg.multi_dot, lambda arrays, *, out=None: linalg_multi_dot(list(arrays)))

attach(matrix_exp, matrix_power)
