"""Box–Muller transforms that round where PyTorch's CPU kernels round.

float64 takes log, sin and cos from the C library, as PyTorch does. float32 follows the vector kernel of
PyTorch's x86 builds: the Cephes polynomials in single precision, with a multiply and an add fused wherever
its compiler fuses them. Here such a step is one float64 product and sum, rounded once to float32.
"""

from __future__ import annotations

import math
from cmath import rect
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["box_muller_double", "box_muller_single", "each", "fma", "scalar_pairs"]

Array = np.ndarray[Any, np.dtype[Any]]

TWO_PI = 2.0 * math.pi
# Temporaries of this many numbers stay in the second-level cache.
BLOCK = 1 << 15


def _single(*coefficients: float) -> tuple[float, ...]:
    return tuple(float(np.float32(each)) for each in coefficients)


(SINGLE_TWO_PI, FOUR_OVER_PI, SQRT_HALF) = _single(TWO_PI, 1.27323954473516, 0.707106781186547524)
# log(1 + x) = x - x²/2 + x³ P(x), highest power first; log 2 in two parts, the second exact in few bits.
LOG_P = _single(
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip
LOG_2_LOW, LOG_2_HIGH = _single(-2.12194440e-4, 0.693359375)
SIN_P = _single(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
COS_P = _single(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
# -π/4 in three parts, so that a multiple of it is taken away without losing digits.
MINUS_QUARTER_PI = _single(-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)


def box_muller_single(uniforms: Array, mean: float, std: float) -> Array:
    """float32 normals from as many float32 uniforms in [0, 1), a multiple of 16 of them.

    In each 16, the first 8 give radii and the last 8 angles.
    """
    normals = np.empty_like(uniforms)
    mean, std = float(np.float32(mean)), float(np.float32(std))
    for start in range(0, uniforms.size, BLOCK):
        u = uniforms[start : start + BLOCK].reshape(-1, 2, 8).astype(np.float64)
        rounded = _rounding((len(u), 8))
        radius = rounded(np.sqrt(-2.0 * _log(1.0 - u[:, 0], rounded)))
        sine, cosine = _sincos(rounded(SINGLE_TWO_PI * u[:, 1]), rounded)
        out = normals[start : start + BLOCK].reshape(-1, 2, 8)
        out[:, 0] = rounded(radius * cosine) * std + mean
        out[:, 1] = rounded(radius * sine) * std + mean
    return normals


def box_muller_double(uniforms: Array, mean: float, std: float) -> Array:
    """float64 normals from as many float64 uniforms in [0, 1), arranged as for `box_muller_single`."""
    normals = np.empty_like(uniforms)
    for start in range(0, uniforms.size, BLOCK):
        u = uniforms[start : start + BLOCK].reshape(-1, 2, 8)
        radius = np.sqrt(-2.0 * each(math.log, 1.0 - u[:, 0]))
        points = map(rect, radius.ravel().tolist(), (TWO_PI * u[:, 1]).ravel().tolist())
        pairs = np.fromiter(points, np.complex128, radius.size).reshape(-1, 8)
        out = normals[start : start + BLOCK].reshape(-1, 2, 8)
        out[:, 0] = fma(pairs.real, std, mean)
        out[:, 1] = fma(pairs.imag, std, mean)
    return normals


def scalar_pairs(uniforms: Array) -> list[float]:
    """Standard normals, two from each two float64 uniforms in turn, by the one-at-a-time kernel."""
    normals: list[float] = []
    for u1, u2 in uniforms.reshape(-1, 2).tolist():
        pair = rect(math.sqrt(-2.0 * math.log1p(-u2)), TWO_PI * u1)
        normals += (pair.real, pair.imag)
    return normals


def each(function: Callable[[float], float], values: Array) -> Array:
    """The C library's function of every element; NumPy's own may differ from it in the last bit."""
    results = np.fromiter(map(function, values.ravel().tolist()), np.float64, values.size)
    return results.reshape(values.shape)


def fma(a: Array, b: float, c: float) -> Array:
    """a × b + c in float64, rounded once.

    The rounding error of the product and those of the sums are computed exactly, and added last in a number
    rounded to odd, which keeps the final sum from being rounded twice (Boldo and Melquiond, 2008).
    """
    if b == 1.0 or c == 0.0:
        return a * b + c
    product, product_error = _two_product(a, b)
    addend, addend_error = _two_sum(product_error, c)
    high, low = _two_sum(product, addend)
    rest, lost = _two_sum(addend_error, low)
    bits = rest.view(np.int64)
    towards_lost = np.where((lost > 0) == (rest > 0), 1, -1)
    bits += np.where((lost != 0) & (bits & 1 == 0), towards_lost, 0)
    result = high + rest
    return np.where(np.isfinite(result), result, a * b + c)


def _two_sum(a: Array | float, b: Array | float) -> tuple[Array, Array]:
    """The rounded sum and its rounding error."""
    total: Array = np.add(a, b)
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _two_product(a: Array, b: float) -> tuple[Array, Array]:
    """The rounded product and its rounding error, each factor split into halves of 26 bits."""
    product = a * b
    scaled = a * 134217729.0
    a_high = scaled - (scaled - a)
    a_low = a - a_high
    b_high = b * 134217729.0 - (b * 134217729.0 - b)
    b_low = b - b_high
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def _rounding(shape: tuple[int, ...]) -> Callable[[Array], Array]:
    """A function that rounds a float64 array of this shape to float32's precision, in place."""
    single = np.empty(shape, np.float32)

    def rounded(values: Array) -> Array:
        single[...] = values
        values[...] = single
        return values

    return rounded


def _log(u: Array, rounded: Callable[[Array], Array]) -> Array:
    """Cephes' single-precision logarithm of numbers in (0, 1]."""
    mantissa, exponent = np.frexp(u)
    small = mantissa < SQRT_HALF
    e = exponent - small
    x = np.where(small, mantissa + mantissa, mantissa) - 1.0
    z = rounded(x * x)
    y = x * LOG_P[0]
    for coefficient in LOG_P[1:]:
        y += coefficient
        rounded(y)
        y *= x
    y = rounded(rounded(y) * z + rounded(e * LOG_2_LOW))
    y = rounded(y - 0.5 * z)
    return rounded(e * LOG_2_HIGH + rounded(x + y))


def _sincos(angle: Array, rounded: Callable[[Array], Array]) -> tuple[Array, Array]:
    """Cephes' single-precision sine and cosine of numbers in [0, 2π]."""
    octant = (rounded(angle * FOUR_OVER_PI).astype(np.int32) + 1) & ~1
    x = angle
    for part in MINUS_QUARTER_PI:
        x = rounded(octant * part + x)
    z = rounded(x * x)
    c, s = z * COS_P[0], z * SIN_P[0]
    for cos_coefficient, sin_coefficient in zip(COS_P[1:], SIN_P[1:], strict=True):
        c = rounded(c + cos_coefficient) * z
        s = rounded(s + sin_coefficient) * z
    c = rounded(rounded(rounded(c) * z - 0.5 * z) + 1.0)
    s = rounded(rounded(s) * x + x)
    swapped = (octant & 2) != 0
    sine, cosine = np.where(swapped, c, s), np.where(swapped, s, c)
    np.negative(sine, out=sine, where=(octant & 4) != 0)
    np.negative(cosine, out=cosine, where=((octant + 2) & 4) != 0)
    return sine, cosine
