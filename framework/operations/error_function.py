"""The error function and its kin: its complement, its inverse, the normal distribution's."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.operation import operation
from framework.operations.approximating import by_blocks, not_half, piecewise, polynomial, ratio
from framework.operations.coefficients import (
    ERF,
    ERFCX_DOUBLE,
    ERFCX_SINGLE,
    ERFINV_CENTRE,
    ERFINV_MIDDLE,
    ERFINV_TAIL,
)

__all__ = ["erf", "erfc", "erfcx", "erfinv", "log_ndtr", "ndtr", "ndtri"]

_SLOPE = 2 / math.sqrt(math.pi)
_SQRT_HALF = math.sqrt(0.5)

_STEPS = 4096
_END = 6
"""erf in double precision is tabled at every 1/4096 from -6 to 6, where it is 1 to the last bit."""


@functools.cache
def _table() -> tuple[Any, Any]:
    """erf and its slope in steps of the table, at each of them."""
    places = [step / _STEPS for step in range(-_END * _STEPS, _END * _STEPS + 1)]
    return (
        # Minus zero at zero: it leaves the sign of what is added to it.
        np.array([math.erf(x) or -0.0 for x in places]),
        np.array([_SLOPE / _STEPS * math.exp(-x * x) for x in places]),
    )


def _erf(x: Any) -> Any:
    if x.dtype.itemsize == 4:
        argument = polynomial(x * x, ERF)
        argument *= x
        return np.tanh(argument)
    # Taylor's series about the nearest place of the table; `far` and `step` count in its steps.
    far = np.clip(x, -_END, _END) * _STEPS
    step = np.rint(far)
    # What is left of minus zero is minus zero.
    step += 0.0
    far -= step
    places = np.astype(step + _END * _STEPS, np.intp)
    product = step * far
    more = product * (2 / 3 / _STEPS**4)
    more -= 1 / _STEPS**2
    more *= product
    product = far * far
    product *= 1 / 3 / _STEPS**2
    more -= product
    more *= far
    more += far
    values, slopes = (np.asarray(each, like=x) for each in _table())
    more *= np.take(slopes, places, mode="clip")
    more += np.take(values, places, mode="clip")
    return more


def _scaled_complement(x: Any) -> Any:
    """exp(x²) * erfc(x) for x >= 0."""
    coefficients = ERFCX_SINGLE if x.dtype.itemsize == 4 else ERFCX_DOUBLE
    total = polynomial((x - 3.75) / (x + 3.75), coefficients)
    total /= x * 2 + 1
    return total


def _erfc(x: Any) -> Any:
    far = np.minimum(np.absolute(x), 30)
    near = _nearby(far)
    total = _scaled_complement(far)
    total *= np.exp((near - far) * (near + far))
    total *= np.exp(-near * near)
    sign = np.copysign(1, x)
    total *= sign
    total += 1 - sign
    return total


def _nearby(x: Any) -> Any:
    """The nearest number with an exact square. exp(x²) is exp of that, times exp of the rest: rounding x² would cost
    its last digits."""
    return np.rint(x * 16) * (1 / 16)


def _erfcx(x: Any) -> Any:
    right = np.where(np.absolute(x) == math.inf, 0, _scaled_complement(np.absolute(x)))
    far = np.minimum(np.absolute(x), 30)
    near = _nearby(far)
    left = np.exp((far - near) * (far + near)) * np.exp(near * near) * 2 - right
    return np.where(x < 0, left, right)


def _inverse(x: Any, w: Any) -> Any:
    """erfinv(x), given w = -log(1 - x²)."""
    share = piecewise(
        w,
        (w <= 6.25, lambda w: ratio(w, ERFINV_CENTRE)),
        ((w > 6.25) & (w <= 25), lambda w: ratio(np.sqrt(w) - 2.5, ERFINV_MIDDLE)),
        (w > 25, lambda w: ratio(np.sqrt(w) - 5, ERFINV_TAIL)),
    )
    return np.where(w == math.inf, x * math.inf, x * share)


def _erfinv(x: Any) -> Any:
    return _inverse(x, -np.log((1 - x) * (1 + x)))


def _ndtri(p: Any) -> Any:
    return _inverse(p * 2 - 1, -np.log(p * 4 * (1 - p))) * math.sqrt(2)


def _log_ndtr(x: Any) -> Any:
    x = x * _SQRT_HALF
    return piecewise(
        x,
        (x < -_SQRT_HALF, lambda x: np.log(_erfcx(-x) * 0.5) - x * x),
        (x >= -_SQRT_HALF, lambda x: np.log1p(_erfc(x) * -0.5)),
    )


erf = operation(
    by_blocks(_erf, math.erf),
    name="erf",
    promote="float",
    input=lambda g, input: g * (np.exp(np.negative(input * input)) * _SLOPE),
)
erfc = operation(
    by_blocks(_erfc, math.erfc),
    name="erfc",
    promote="float",
    input=lambda g, input: g * (np.exp(np.negative(input * input)) * -_SLOPE),
)

erfinv = operation(
    by_blocks(_erfinv, wide=True),
    name="erfinv",
    promote="float",
    input=lambda g, out: g * (np.exp(out * out) * (1 / _SLOPE)),
)
erfcx = operation(
    not_half("erfcx", by_blocks(_erfcx, wide=True)),
    name="special_erfcx",
    promote="float",
    input=lambda g, input, out: g * (input * out * 2 - _SLOPE),
)
ndtr = operation(
    by_blocks(lambda x: _erfc(x * -_SQRT_HALF) * 0.5, lambda x: math.erfc(x * -_SQRT_HALF) * 0.5),
    name="special_ndtr",
    grad_fn="MulBackward1",
    promote="float",
    input=lambda g, input: g * (np.exp(input * input * -0.5) * (0.5 * _SLOPE * _SQRT_HALF)),
)
ndtri = operation(
    not_half("ndtri", by_blocks(_ndtri, wide=True)),
    name="special_ndtri",
    promote="float",
    input=lambda g, out: g * (np.exp(out * out * 0.5) * (2 / _SLOPE * math.sqrt(2))),
)
log_ndtr = operation(
    not_half("log_ndtr", by_blocks(_log_ndtr, wide=True)),
    name="special_log_ndtr",
    promote="float",
    input=lambda g, input: g / erfcx(input * -_SQRT_HALF) * (_SLOPE / math.sqrt(2)),
)

attach(erf, erfc, erfinv, inplace=[erf, erfc, erfinv])
