"""Choosing by a mask at the speed of arithmetic: with many elements the bits are computed instead of branched on.

A branch that a random mask sends either way costs a processor ten times what the arithmetic does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.direct import constant
from framework.autograd.operation import operation

__all__ = ["choose", "kept", "overwrite", "pick_masked"]

_BITS = {4: np.dtype(np.int32), 8: np.dtype(np.int64)}
# From so many elements on, the bits are quicker.
_LEAST = {4: 1 << 13, 8: 1 << 16}


def _bits(mask: Any, *arrays: Any) -> Any:
    """The type of integers to compute in, if these are many elements of one shape, size and layout; else None."""
    if type(mask) is not np.ndarray or mask.size < 1 << 13:
        return None
    size, shape = arrays[0].dtype.itemsize, mask.shape
    if mask.size < _LEAST.get(size, math.inf):
        return None
    for each in (mask, *arrays):
        if type(each) is not np.ndarray or each.shape != shape or not each.flags.c_contiguous:
            return None
    return _BITS[size]


_NUMBERS = frozenset((int, float))


def _as_met(number: Any, dtype: Any) -> Any:
    """A number as it meets an array of a type: np.where takes three times as long to find that out."""
    if dtype.kind == "f" or (dtype.kind == "i" and number.__class__ is int and -128 <= number < 128):
        return constant(number, dtype)
    return number


def choose(mask: Any, input: Any, other: Any) -> Any:
    """`np.where(mask, input, other)` of arrays of one type; one of the two may be a single value, or a number."""
    if type(other) is np.ndarray and input.__class__ in _NUMBERS:
        input = _as_met(input, other.dtype)
    elif type(input) is np.ndarray and other.__class__ in _NUMBERS:
        other = _as_met(other, input.dtype)
    if type(input) is not np.ndarray or type(other) is not np.ndarray or mask.size < 1 << 13:
        return np.where(mask, input, other)
    bits = _bits(mask, input if not other.ndim else other, *((input,) if input.ndim else ()))
    if bits is None:
        return np.where(mask, input, other)
    other_bits = other.view(bits)
    out = np.bitwise_xor(input.view(bits), other_bits)
    out *= mask
    out ^= other_bits
    return out.view(input.dtype)


@operation(name="where_kept")
def kept(input: Any, mask: Any, where: Any) -> Any:
    """The elements where the mask is `where`, zero elsewhere."""
    bits = _bits(mask, input)
    if bits is None:
        dtype = input.dtype
        zero = constant(0.0, dtype) if dtype.kind == "f" else np.zeros((), dtype)
        return np.where(mask, input, zero) if where else np.where(mask, zero, input)
    return np.multiply(input.view(bits), mask if where else ~mask).view(input.dtype)


kept.add_derivative(lambda g, mask, where: kept(g, mask, where), "input")


def overwrite(out: Any, mask: Any, value: float) -> None:
    """`out[mask] = value`."""
    bits = _bits(mask, out)
    if bits is None:
        out[mask] = value
        return
    written = out.view(bits)
    written *= ~mask
    if value or np.signbit(value):
        written |= np.multiply(mask, np.array(value, out.dtype).view(bits))


def pick_masked(input: Any, mask: Any) -> Any:
    """`input[mask]`."""
    real = type(input) is np.ndarray and type(mask) is np.ndarray
    if not real or mask.size < 2048 or not input.flags.c_contiguous:
        return input[mask]
    rows = input.reshape(-1) if mask.ndim == input.ndim else input.reshape(mask.size, *input.shape[mask.ndim :])
    return rows.take(np.flatnonzero(mask), 0)
