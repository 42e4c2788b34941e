"""Refuses the arguments that PyTorch's random functions refuse, in the same words, and resolves integer ranges."""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np

from framework.autograd.dtypes import c_name, from_numpy

__all__ = ["floating", "integer_range", "named", "permutation_length", "uniform_bounds"]

DType = np.dtype[Any]

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


def named(dtype: DType) -> str:
    """`Float`, `Long`, …: PyTorch's scalar name of a NumPy dtype."""
    return from_numpy(dtype).scalar_name


def floating(dtype: DType, kernel: str) -> None:
    """Raises unless `dtype` is a floating-point type."""
    if dtype.kind != "f":
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{named(dtype)}'")


def uniform_bounds(low: float, high: float, dtype: DType) -> None:
    """Raises unless [low, high) is a range that `dtype` holds."""
    floating(dtype, "check_uniform_bounds")
    limit = float(np.finfo(dtype).max)
    for name, bound in (("from", low), ("to", high)):
        if not -limit <= bound <= limit:
            raise RuntimeError(f"{name} is out of bounds for {c_name(dtype)}")
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
    if high - low > limit:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{named(dtype)}>::max(), but found to={high:g} "
            f"and from={low:g} which result in to-from to exceed the limit"
        )


def integer_range(low: int, high: int | None, dtype: DType) -> tuple[int, int]:
    """The first integer and how many there are in [low, high), moved inward to what a floating `dtype` holds.

    Without `high`, the last integer is the largest of `dtype` (for floating types, of those without gaps); all of
    int64 is (0, 2**64), since PyTorch then takes the words as they are.
    """
    low = operator.index(low)
    if high is None:
        return _open_range(low, dtype)
    high = operator.index(high)
    if low < INT64_MIN or high > INT64_MAX:
        raise ValueError(
            f"Overflow when unpacking long long: bounds lie between -2**63 and 2**63 - 1, got from={low} and to={high}"
        )
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if dtype.kind == "f":
        low, high = _inward(low, dtype, 1), _inward(high, dtype, -1)
        if low >= high:
            raise RuntimeError(
                "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, "
                f"but got from={low} >= to={high}"
            )
    _check_integers(low, high - 1, dtype)
    return low, high - low


def _open_range(low: int, dtype: DType) -> tuple[int, int]:
    if low == INT64_MIN:
        if dtype.name not in ("int64", "float64", "float32"):
            raise RuntimeError("random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16")
        return 0, 1 << 64
    if dtype.kind == "f":
        last = 1 << _digits(dtype)
        low = _inward(low, dtype, 1)
        if low >= last:
            raise RuntimeError(
                "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, "
                f"but got from={low} > to_inc={last}"
            )
    else:
        last = 1 if dtype.kind == "b" else min(int(np.iinfo(dtype).max), INT64_MAX)
    _check_integers(low, last, dtype)
    return low, last - low + 1


def _digits(dtype: DType) -> int:
    """How many bits of an integer a floating type keeps."""
    return int(np.finfo(dtype).nmant) + 1


def _inward(bound: int, dtype: DType, direction: int) -> int:
    """`bound`, or if its neighbour inward rounds to outside the range, the next number inside it."""
    neighbour = bound + direction
    with np.errstate(over="ignore"):
        rounded = float(np.int64(neighbour).astype(dtype))
    # What a C++ cast makes of a number past int64.
    held = int(rounded) if abs(rounded) < 2.0**63 else INT64_MIN
    if held < bound if direction > 0 else held >= bound:
        gap = 1 << max(abs(neighbour).bit_length() - _digits(dtype), 0)
        return held + direction * gap
    return bound


def _check_integers(first: int, last: int, dtype: DType) -> None:
    """Raises unless both ends fit `dtype`; warns where a floating type has gaps between integers."""
    if dtype.kind == "f":
        lowest, highest = -float(np.finfo(dtype).max), float(np.finfo(dtype).max)
    elif dtype.kind == "b":
        lowest, highest = 0, 1
    else:
        info = np.iinfo(dtype)
        lowest, highest = int(info.min), min(int(info.max), INT64_MAX)
    ends = (("from", first), ("to - 1", last))
    for name, end in ends:
        if not lowest <= end <= highest:
            raise RuntimeError(f"{name} is out of bounds for {c_name(dtype)}")
    if dtype.kind != "f":
        return
    digits = _digits(dtype)
    for name, end in ends:
        if abs(end) > 1 << digits:
            warnings.warn(
                f"{name} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision limitations "
                f"{c_name(dtype)} can support discrete uniform distribution only within this range.",
                stacklevel=5,
            )


def permutation_length(n: int, dtype: DType) -> None:
    """Raises unless the integers 0 to n - 1 can be permuted, each held exactly in `dtype`."""
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    if dtype.kind == "f":
        digits = _digits(dtype)
        if n > (1 << digits) + 1:
            most = "2049" if digits == 11 else f"2^{digits}+1"
            raise RuntimeError(f"n cannot be greater than {most} for {named(dtype)} type.")
    elif dtype.kind == "b" or (dtype.kind == "u" and dtype.itemsize > 1):
        raise NotImplementedError(f"\"randperm\" not implemented for '{named(dtype)}'")
    elif n - 1 > np.iinfo(dtype).max:
        name = "int" if dtype.itemsize == 4 else f"{dtype.name}_t"
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")
    if n >= (2**32 - 1) // 20:
        raise NotImplementedError(
            f"permutations are drawn for fewer than {(2**32 - 1) // 20} numbers, got n={n}: "
            "PyTorch shuffles longer ones in another way"
        )
