"""What functions that NumPy lacks are made with: polynomials, pieces, work by blocks, small arrays by `math`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from framework.autograd.direct import constant
from framework.autograd.errors import no_kernel
from framework.operations.blocks import BLOCK, slices
from framework.operations.halves import half

__all__ = ["by_blocks", "filled", "not_half", "piecewise", "polynomial", "ratio"]

SMALL = 64
"""Up to so many elements, a function of the `math` module called for each is quicker than a chain of NumPy's."""


def polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    """`c[0] + c[1] * x + c[2] * x² + …` of an array."""
    dtype = x.dtype
    total = x * constant(coefficients[-1], dtype)
    for each in coefficients[-2:0:-1]:
        total += constant(each, dtype)
        total *= x
    total += constant(coefficients[0], dtype)
    return total


def ratio(v: Any, coefficients: tuple[Sequence[float], Sequence[float]]) -> Any:
    """One polynomial of an array over another, as `coefficients.py` has them."""
    numerator, denominator = coefficients
    total = polynomial(v, numerator)
    if denominator:
        total /= polynomial(v, denominator)
    return total


def piecewise(x: Any, *pieces: tuple[Any, Callable[[Any], Any]]) -> Any:
    """A function by pieces: for each a mask of where it holds, and the function of these elements; nan elsewhere."""
    result = np.full_like(x, math.nan)
    for where, function in pieces:
        part = x[where]
        if part.shape[0]:
            result[where] = function(part)
    return result


def filled(kernel: Callable[..., None], outputs: int, *inputs: Any) -> list[Any]:
    """New arrays that `kernel(*inputs, *outputs)` fills, done block by block where they are large."""
    inputs = tuple([np.astype(each, np.float32) if each.dtype.itemsize == 2 else each for each in inputs])
    made = [np.empty_like(inputs[0]) for _ in range(outputs)]
    size = math.prod(inputs[0].shape)
    # A program makes blocks by itself: an array of a trace is no ndarray by its type.
    if size > 2 * BLOCK and all([type(each) is np.ndarray and each.flags.c_contiguous for each in inputs]):
        flat = [np.reshape(each, -1) for each in (*inputs, *made)]
        for part in slices(size, 1, block=BLOCK):
            kernel(*[each[part] for each in flat])
    else:
        kernel(*inputs, *made)
    return made


def by_blocks(
    function: Callable[..., Any],
    scalar: Callable[[float], float] | None = None,
    small: int = SMALL,
    wide: bool = False,
) -> Callable[[Any], Any]:
    """A function of each element of an array, done block by block; of few elements, by `scalar` for each.

    Half precision is computed in single precision; if `wide`, both are in double precision.
    """

    def forward(input: Any) -> Any:
        if scalar is not None and input.__class__ is np.ndarray and input.size <= small:
            try:
                return _one_by_one(scalar, input)
            except (OverflowError, ValueError):
                pass  # a pole, where Python raises what NumPy has a number for
        if 0 in input.strides:
            input = np.copy(input, order="C")
        if input.dtype.itemsize == 2 and not wide:
            return half(forward(np.astype(input, np.float32)), input.dtype)
        if wide and input.dtype.itemsize < 8:
            return np.astype(forward(np.astype(input, np.float64)), input.dtype)
        size = math.prod(input.shape)
        # An array of a trace is no ndarray by its type: a program makes blocks by itself.
        if size > BLOCK and type(input) is np.ndarray:
            return _block_by_block(function, input)
        return function(input)

    return forward


def not_half(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, refusing half precision as PyTorch's kernel of that name does."""

    def forward(input: Any) -> Any:
        if input.dtype.itemsize == 2:
            raise no_kernel(name, [input])
        return function(input)

    return forward


def _one_by_one(scalar: Callable[[float], float], input: Any) -> Any:
    if input.ndim == 1:
        return np.array(list(map(scalar, input.tolist())), input.dtype)
    values = np.array(list(map(scalar, input.ravel().tolist())), input.dtype).reshape(input.shape)
    if input.flags.c_contiguous or 0 in input.strides:
        return values
    result = np.empty_like(input)
    result[...] = values
    return result


def _block_by_block(function: Callable[[Any], Any], input: Any) -> Any:
    result = np.empty_like(input)
    # In the order of memory, in which the result lies as the input does.
    source, target = np.ravel(input, order="K"), np.reshape(np.transpose(result, _order(result)), -1)
    for part in slices(source.size, 1, block=BLOCK):
        target[part] = function(source[part])
    return result


def _order(array: Any) -> list[int]:
    """The dimensions from the longest step in memory to the shortest."""
    return sorted(range(array.ndim), key=lambda dim: -array.strides[dim])
