"""Bessel functions: `i0`, `i1`, `bessel_j0`, `bessel_y0`, `modified_bessel_k0` and theirs of order 1; Airy's `airy_ai`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.operations import coefficients
from framework.operations.approximating import by_blocks, not_half, piecewise, polynomial, ratio
from framework.operations.choosing import choose

__all__ = [
    "airy_ai",
    "bessel_j0",
    "bessel_j1",
    "bessel_y0",
    "bessel_y1",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "modified_bessel_i0",
    "modified_bessel_i1",
    "modified_bessel_k0",
    "modified_bessel_k1",
    "scaled_modified_bessel_k0",
    "scaled_modified_bessel_k1",
    "spherical_bessel_j0",
]

# The power series of i0(x) and i1(x) / x in x².
_I0_SERIES = tuple(1 / 4**k / math.factorial(k) ** 2 for k in range(28))
_I1_SERIES = tuple(1 / 2 / 4**k / math.factorial(k) / math.factorial(k + 1) for k in range(28))


def _digamma_of_whole(n: int) -> float:
    return math.fsum([1 / k for k in range(1, n)]) - 0.5772156649015329


# Those of k0(x) + log(x / 2) * i0(x) and of (k1(x) - log(x / 2) * i1(x) - 1 / x) / x.
_K0_SERIES = tuple(_digamma_of_whole(k + 1) / 4**k / math.factorial(k) ** 2 for k in range(13))
_K1_SERIES = tuple(
    -(_digamma_of_whole(k + 1) + _digamma_of_whole(k + 2)) / 4 ** (k + 1) / math.factorial(k) / math.factorial(k + 1)
    for k in range(13)
)

# The squares of the first two zeros of j0 and j1.
_J0_ZEROS = (5.783185962946784, 30.471262343662087)
_J1_ZEROS = (14.681970642123893, 49.2184563216946)


def _i0e(x: Any) -> Any:
    x = np.absolute(x)
    return piecewise(
        x,
        (x <= 8, lambda x: np.exp(-x) * polynomial(x * x, _I0_SERIES)),
        (x > 8, lambda x: ratio(16 / x - 1, coefficients.I0_LARGE) / np.sqrt(x)),
    )


def _i1e(x: Any) -> Any:
    far = np.absolute(x)
    value = piecewise(
        far,
        (far <= 8, lambda x: np.exp(-x) * x * polynomial(x * x, _I1_SERIES)),
        (far > 8, lambda x: ratio(16 / x - 1, coefficients.I1_LARGE) / np.sqrt(x)),
    )
    return np.where(x < 0, -value, value)


def _i0(x: Any) -> Any:
    return np.exp(np.absolute(x)) * _i0e(x)


def _i1(x: Any) -> Any:
    return np.exp(np.absolute(x)) * _i1e(x)


def _scaled_k0(x: Any) -> Any:
    return piecewise(
        x,
        (x == 0, lambda x: np.full_like(x, math.inf)),
        ((x > 0) & (x <= 2), lambda x: np.exp(x) * _k0_near(x)),
        (x > 2, lambda x: ratio(1 / x, coefficients.K0_LARGE) / np.sqrt(x)),
    )


def _scaled_k1(x: Any) -> Any:
    return piecewise(
        x,
        (x == 0, lambda x: np.full_like(x, math.inf)),
        ((x > 0) & (x <= 2), lambda x: np.exp(x) * _k1_near(x)),
        (x > 2, lambda x: ratio(1 / x, coefficients.K1_LARGE) / np.sqrt(x)),
    )


def _k0_near(x: Any) -> Any:
    return polynomial(x * x, _K0_SERIES) - np.log(x * 0.5) * polynomial(x * x, _I0_SERIES[:13])


def _k1_near(x: Any) -> Any:
    square = x * x
    return 1 / x + x * (polynomial(square, _K1_SERIES) + np.log(x * 0.5) * polynomial(square, _I1_SERIES[:13]))


def _j0_near(x: Any) -> Any:
    square = x * x
    return (square - _J0_ZEROS[0]) * (square - _J0_ZEROS[1]) * ratio(square / 12.5 - 1, coefficients.J0_SMALL)


def _j1_near(x: Any) -> Any:
    square = x * x
    shape = (square - _J1_ZEROS[0]) * (square - _J1_ZEROS[1]) * ratio(square / 12.5 - 1, coefficients.J1_SMALL)
    return x * shape


def _far(x: Any, order: int, second: bool) -> Any:
    """j or y of an order from x = 5 on: a wave that fades."""
    v = 25 / (x * x)
    if order == 0:
        cosine, sine = ratio(v, coefficients.J0_COSINE), ratio(v, coefficients.J0_SINE) / x
    else:
        cosine, sine = ratio(v, coefficients.J1_COSINE), ratio(v, coefficients.J1_SINE) / x
    # The phase is rounded, as in PyTorch, so that numbers far out agree with its.
    phase = x - (2 * order + 1) * math.pi / 4
    wave = cosine * np.sin(phase) + sine * np.cos(phase) if second else cosine * np.cos(phase) - sine * np.sin(phase)
    return wave * math.sqrt(2 / math.pi) / np.sqrt(x)


def _j0(x: Any) -> Any:
    x = np.absolute(x)
    return piecewise(x, (x <= 5, _j0_near), (x > 5, lambda x: _far(x, 0, False)))


def _j1(x: Any) -> Any:
    far = np.absolute(x)
    value = piecewise(far, (far <= 5, _j1_near), (far > 5, lambda x: _far(x, 1, False)))
    return np.where((x < 0) | (np.signbit(x) & (x == 0)), -value, value)


def _y0(x: Any) -> Any:
    return piecewise(
        x,
        (x == 0, lambda x: np.full_like(x, -math.inf)),
        ((x > 0) & (x <= 5), _y0_near),
        (x > 5, lambda x: _far(x, 0, True)),
    )


def _y0_near(x: Any) -> Any:
    return ratio(x * x / 12.5 - 1, coefficients.Y0_SMALL) + np.log(x) * _j0_near(x) * (2 / math.pi)


def _y1(x: Any) -> Any:
    return piecewise(
        x,
        (x == 0, lambda x: np.full_like(x, -math.inf)),
        ((x > 0) & (x <= 5), _y1_near),
        (x > 5, lambda x: _far(x, 1, True)),
    )


def _y1_near(x: Any) -> Any:
    regular = x * ratio(x * x / 12.5 - 1, coefficients.Y1_SMALL)
    return regular + (np.log(x) * _j1_near(x) - 1 / x) * (2 / math.pi)


def _spherical_j0(x: Any) -> Any:
    value = np.where(np.absolute(x) < 0.5, _sine_share(x), np.sin(x) / x)
    return choose(np.absolute(x) == math.inf, 0, value)


def _sine_share(x: Any) -> Any:
    """sin(x) / x near zero."""
    return polynomial(np.minimum(x * x, 1), [(-1) ** k / math.factorial(2 * k + 1) for k in range(9)])


_AIRY_0, _AIRY_SLOPE = 0.3550280538878172, 0.2588194037928068
_ROOT_PI = math.sqrt(math.pi)


def _airy(x: Any) -> Any:
    return piecewise(
        x,
        ((x < -2.09) & (x > -math.inf), _airy_left),
        ((x >= -2.09) & (x < 2.09), _airy_middle),
        ((x >= 2.09) & (x <= 103.892), _airy_right),
        ((x > 103.892) & (x < math.inf), np.zeros_like),
    )


def _airy_left(x: Any) -> Any:
    z = -2 * x * np.sqrt(-x) / 3
    v = 1 / (z * z)
    phase = z + 0.25 * math.pi
    wave = np.sin(phase) * ratio(v, coefficients.AIRY_SINE) - np.cos(phase) * ratio(v, coefficients.AIRY_COSINE) / z
    return wave / (_ROOT_PI * np.sqrt(np.sqrt(-x)))


def _airy_middle(x: Any) -> Any:
    cube = x * x * x
    even, odd = np.ones_like(x), np.ones_like(x)
    one, other = even, odd
    for k in range(1, 16):
        one = one * cube / (3 * k * (3 * k - 1))
        other = other * cube / (3 * k * (3 * k + 1))
        even = even + one
        odd = odd + other
    return _AIRY_0 * even - _AIRY_SLOPE * x * odd


def _airy_right(x: Any) -> Any:
    z = 2 * x * np.sqrt(x) / 3
    return ratio(1 / z - 0.00094, coefficients.AIRY_RIGHT) / (2 * _ROOT_PI * np.sqrt(np.sqrt(x)) * np.exp(z))


def _smooth(name: str, forward: Any, formula: Any, **options: Any) -> Any:
    return operation(by_blocks(forward, wide=True), name=name, promote="float", input=formula, **options)


def _values(name: str, forward: Any, parameter: str = "input") -> Any:
    """One that PyTorch gives no derivative, and no half precision."""
    function = not_half(name, by_blocks(forward, wide=True))
    called = function if parameter == "input" else lambda x: function(x)
    return operation(called, name=f"special_{name}", promote="float", promoted=[parameter])


def _share(out: Any, input: Any, at_zero: float) -> Any:
    """`out / input`, which has a limit at zero."""
    return np.where(input == 0, at_zero, out / choose(input == 0, 1.0, input))


i0 = _smooth("i0", _i0, lambda g, input: g * i1(input))
i0e = _smooth(
    "special_i0e",
    _i0e,
    lambda g, input, out: g * (i1e(input) - np.sign(input) * out),
    grad_fn="SpecialI0EBackward0",
)
i1: Any = _smooth(
    "special_i1", _i1, lambda g, input, out: g * (i0(input) - _share(out, input, 0.5)), grad_fn="SpecialI1Backward0"
)
i1e: Any = _smooth(
    "special_i1e",
    _i1e,
    lambda g, input, out: g * (i0e(input) - np.sign(input) * out - _share(out, input, 0.5)),
    grad_fn="SpecialI1EBackward0",
)
bessel_j0 = _values("bessel_j0", _j0)
bessel_j1 = _values("bessel_j1", _j1)
bessel_y0 = _values("bessel_y0", _y0)
bessel_y1 = _values("bessel_y1", _y1)
modified_bessel_i0 = _values("modified_bessel_i0", _i0)
modified_bessel_i1 = _values("modified_bessel_i1", _i1)
modified_bessel_k0 = _values("modified_bessel_k0", lambda x: np.exp(-x) * _scaled_k0(x))
modified_bessel_k1 = _values("modified_bessel_k1", lambda x: np.exp(-x) * _scaled_k1(x))
scaled_modified_bessel_k0 = _values("scaled_modified_bessel_k0", _scaled_k0, "x")
scaled_modified_bessel_k1 = _values("scaled_modified_bessel_k1", _scaled_k1, "x")
spherical_bessel_j0 = _values("spherical_bessel_j0", _spherical_j0, "x")
airy_ai = _values("airy_ai", _airy, "x")

register(np.i0, i0)
attach(i0, inplace=[i0])
