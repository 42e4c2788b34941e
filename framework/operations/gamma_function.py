"""The logarithm of the gamma function and its derivatives: `lgamma`, `digamma`, `polygamma`, `mvlgamma`; `zeta`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import in_dtype
from framework.autograd.inplace import inplace
from framework.autograd.operation import Operation, operation
from framework.autograd.tensor import Tensor
from framework.operations.approximating import by_blocks, piecewise, polynomial, ratio
from framework.operations.choosing import choose
from framework.operations.coefficients import (
    DIGAMMA_ABOUT_ROOT,
    DIGAMMA_MIDDLE,
    LGAMMA_ABOUT_ONE,
    LGAMMA_ABOUT_TWO,
    LGAMMA_MIDDLE,
)
from framework.operations.creation_arguments import check_tensor, read_integer
from framework.operations.pairs import refuse, undifferentiable, with_numbers

__all__ = ["digamma", "lgamma", "mvlgamma", "polygamma", "stirling", "zeta"]

_LOG_PI = math.log(math.pi)
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
_STIRLING = tuple(each / ((2 * k + 2) * (2 * k + 1)) for k, each in enumerate(_BERNOULLI[:8]))
_DIGAMMA = tuple(each / (2 * k + 2) for k, each in enumerate(_BERNOULLI[:8]))
_EULER = tuple(each / math.factorial(2 * k + 2) for k, each in enumerate(_BERNOULLI))

# The zero of digamma, in two parts.
_ROOT, _ROOT_REST = 1.4616321449683622, 9.549995429965697e-17


def stirling(x: Any) -> Any:
    """What Stirling's formula for lgamma lacks, from 8 on."""
    return polynomial(1 / (x * x), _STIRLING) / x


def _lgamma(x: Any) -> Any:
    return piecewise(
        x,
        (x >= 8, lambda x: (x - 0.5) * (np.log(x) - 1) + stirling(x) + (math.log(2 * math.pi) - 1) / 2),
        ((x >= 2.5) & (x < 8), lambda x: ratio(x - 2.5, LGAMMA_MIDDLE)),
        ((x >= 1.5) & (x < 2.5), lambda x: (x - 2) * ratio((x - 2) * 2, LGAMMA_ABOUT_TWO)),
        ((x >= 0.5) & (x < 1.5), lambda x: (x - 1) * ratio(x - 0.5, LGAMMA_ABOUT_ONE) + 0.0),
        ((x > -0.5) & (x < 0.5), lambda x: x * ratio(x + 0.5, LGAMMA_ABOUT_ONE) - np.log(np.absolute(x))),
        (x <= -0.5, _reflected_lgamma),
    )


def _reflected_lgamma(x: Any) -> Any:
    sine = np.absolute(np.sin((x - np.rint(x)) * math.pi))
    value = _LOG_PI - np.log(sine * np.absolute(x)) - _lgamma(-x)
    return choose(x == -math.inf, math.inf, value)


def _digamma(x: Any) -> Any:
    return piecewise(
        x,
        (x >= 10, lambda x: np.log(x) - 0.5 / x - polynomial(1 / (x * x), _DIGAMMA) / (x * x)),
        ((x >= 2) & (x < 10), lambda x: ratio(x - 2, DIGAMMA_MIDDLE)),
        ((x >= 1) & (x < 2), _digamma_about_root),
        ((x > 0) & (x < 1), lambda x: _digamma_about_root(x + 1) - 1 / x),
        (x == 0, lambda x: np.copysign(math.inf, -x)),
        (x < 0, _reflected_digamma),
    )


def _digamma_about_root(x: Any) -> Any:
    return (x - _ROOT - _ROOT_REST) * ratio(x * 2 - 3, DIGAMMA_ABOUT_ROOT)


def _reflected_digamma(x: Any) -> Any:
    fraction = x - np.rint(x)
    return choose(fraction == 0, math.nan, _digamma(1 - x) - math.pi / np.tan(fraction * math.pi))


def _trigamma(x: Any) -> Any:
    # Not the sine of the fraction: at whole numbers the result is large, but not infinite, as PyTorch's is.
    return piecewise(
        x,
        (x >= 0.5, lambda x: _zeta_right(2.0, x)),
        (x < 0.5, lambda x: (math.pi / np.sin(x * math.pi)) ** 2 - _zeta_right(2.0, 1 - x)),
    )


def _zeta_right(s: Any, q: Any) -> Any:
    """Hurwitz' zeta function for s > 1 and q > 0: ten terms, and the rest by Euler and Maclaurin."""
    total = np.power(q, -s)
    for step in range(1, 10):
        total += np.power(q + step, -s)
    end = q + 10
    power = np.power(end, -s)
    total += np.power(end, 1 - s) / (s - 1) + power * 0.5
    inverse = 1 / end
    factor = s * inverse
    rest = factor * _EULER[0]
    for number, each in enumerate(_EULER[1:], 1):
        factor = factor * ((s + (2 * number - 1)) * inverse) * ((s + 2 * number) * inverse)
        rest += factor * each
    return total + choose(power == 0, 0, power * rest)


def _zeta(input: Any, other: Any) -> Any:
    if input.dtype.itemsize == 2:
        refuse("zeta", input, other)
    s, q = np.broadcast_arrays(in_dtype(input, np.float64), in_dtype(other, np.float64))
    result = np.full_like(s, math.nan, order="C" if 0 in s.strides else "K")
    for where, value in (
        ((s > 1) & (q > 0) & (q < math.inf) & ((s < math.inf) | (q <= 1)), _zeta_right),
        ((s > 1) & (q < 0) & (s == np.floor(s)), _zeta_left),
        (~(s < 1) & (q <= 0) & ((q == np.floor(q)) | (s == math.inf)), lambda s, q: math.inf),
        (s == 1, lambda s, q: math.inf),
    ):
        if s[where].shape[0]:
            result[where] = value(s[where], q[where])
    return in_dtype(result, input.dtype)


def _zeta_left(s: Any, q: Any) -> Any:
    """The same for q < 0 and a whole s."""
    fraction = -q - np.floor(-q)
    below = _zeta_right(s, fraction) - _zeta_right(s, 1 - q)
    return np.where(s % 2 == 0, below, -below) + _zeta_right(s, 1 - fraction)


def _polygamma_raw(n: int, input: Any) -> Any:
    wide = in_dtype(input, np.float64)
    if n == 0:
        value = digamma.forward(wide)
    elif n == 1:
        value = _trigamma(wide)
    else:
        value = _zeta(np.full_like(wide, n + 1), wide) * (math.gamma(n + 1) * (1 if n % 2 else -1))
    return in_dtype(value, input.dtype)


lgamma = operation(
    by_blocks(_lgamma, math.lgamma, small=1500, wide=True),
    name="lgamma",
    promote="float",
    input=lambda g, input: g * digamma(input),
)
digamma: Operation = operation(
    by_blocks(_digamma, wide=True),
    name="digamma",
    promote="float",
    input=lambda g, input: g * _polygamma(1, input),
)
_polygamma: Operation = operation(
    _polygamma_raw,
    name="polygamma",
    promote="float",
    input=lambda g, n, input: g * _polygamma(n + 1, input),
)
_mvlgamma = operation(
    lambda input, p: sum(lgamma.forward(input - j * 0.5) for j in range(p)) + p * (p - 1) / 4 * _LOG_PI,
    name="mvlgamma",
    promote="float",
    input=lambda g, input, p: g * sum(digamma(input - j * 0.5) for j in range(p)),
)
_zeta_row: Operation = operation(
    _zeta,
    name="special_zeta",
    promote="float",
    input=undifferentiable("zeta"),
    other=lambda g, input, other: g * (-input * _zeta_row(input + 1, other)),
)
zeta = with_numbers(
    _zeta_row, "special_zeta", "Hurwitz' zeta function: the sum of `(other + k) ** -input` over k = 0, 1, …."
)


def polygamma(n: int, input: Tensor) -> Tensor:
    """The derivative of order `n` of `digamma`."""
    if n.__class__ is not int:
        n = read_integer("polygamma", "n", 1, n)
    check_tensor("polygamma", "input", 2, input)
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return _polygamma.function(n, input)


def mvlgamma(input: Tensor, p: int) -> Tensor:
    """The logarithm of the gamma function of `p` dimensions."""
    check_tensor("mvlgamma", "input", 1, input)
    if p.__class__ is not int:
        p = read_integer("mvlgamma", "p", 2, p)
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    return _mvlgamma.function(input, p)


def _method(self: Tensor, n: int) -> Tensor:
    return polygamma(n, self)


attach(
    digamma,
    lgamma,
    mvlgamma,
    inplace=[digamma, lgamma, mvlgamma],
    named={"polygamma": _method, "polygamma_": inplace(_method, "polygamma_")},
)
