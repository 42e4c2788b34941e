"""The error function and its kin: `erf`, `erfc`."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.operation import operation
from framework.operations.approximating import by_blocks, polynomial

__all__ = ["erf", "erfc"]

_SLOPE = 2 / math.sqrt(math.pi)

# artanh(erf(x)) / x in powers of x²: the least relative error of erf in single precision, 1e-7.
_ERF = (
    1.128379273968628,
    0.10276905858919122,
    -0.00019183656747028208,
    -0.0006197801451701594,
    8.763578661218958e-05,
    -5.668247108476928e-06,
    1.4184033984059035e-07,
)

# exp(x²) * erfc(x) * (1 + 2x) for x >= 0, in powers of (x - 3.75) / (x + 3.75): by Chebyshev's nodes, to 1e-8 and 1e-16.
_ERFCX_SINGLE = (
    1.2375126192677,
    -0.14024065832138644,
    0.0035862703940246505,
    0.08227841998347071,
    -0.10881427014905094,
    0.09229076959130232,
    -0.05864685873554556,
    0.028409252364130645,
    -0.009844494859675453,
    0.0016759122179778397,
    0.0003963076129894898,
    -0.00022411674674302598,
)
_ERFCX_DOUBLE = (
    1.2375126308378275,
    -0.14024059858554527,
    0.003585415485479058,
    0.08227673848999577,
    -0.10880393014244548,
    0.09230432116426293,
    -0.05869339857664414,
    0.028362277372325276,
    -0.009746579683230608,
    0.001755626163846955,
    0.000293714377487244,
    -0.0002901553474298291,
    5.164653261024439e-05,
    2.238755414322633e-05,
    -1.1438055847089682e-05,
    -9.79245996344964e-07,
    1.7419945729911067e-06,
    -5.085902750513248e-08,
    -2.485828002879527e-07,
    1.8797721957463605e-08,
    3.1985081882639315e-08,
    -1.956540955592957e-09,
    -2.6243351107721574e-09,
)

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
        argument = polynomial(x * x, _ERF)
        argument *= x
        return np.tanh(argument)
    # Taylor's series about the nearest place of the table; `far` and `step` count in its steps.
    far = np.clip(x, -_END, _END) * _STEPS
    step = np.rint(far)
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
    coefficients = _ERFCX_SINGLE if x.dtype.itemsize == 4 else _ERFCX_DOUBLE
    total = polynomial((x - 3.75) / (x + 3.75), coefficients)
    total /= x * 2 + 1
    return total


def _erfc(x: Any) -> Any:
    far = np.minimum(np.absolute(x), 30)
    # exp(-x²) of a nearby number with an exact square, times exp of the rest: rounding x² would cost its last digits.
    near = np.rint(far * 16) * (1 / 16)
    total = _scaled_complement(far)
    total *= np.exp((near - far) * (near + far))
    total *= np.exp(-near * near)
    sign = np.copysign(1, x)
    total *= sign
    total += 1 - sign
    return total


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

attach(erf, erfc, inplace=[erf, erfc])
