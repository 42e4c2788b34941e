"""Rows of arithmetic, comparison, and everything that works element by element."""

from __future__ import annotations

import numpy as np

from tests.operations.sampling import Row


def _pairs(r):
    """Equal shapes, broadcasting on either side and on both, no dimensions."""
    return [(r(2, 3), r(2, 3)), (r(3), r(2, 3)), (r(2, 1), r(1, 3)), (r(2, 3), r()), (r(), r())]


def _divisors(r):
    return [(r(2, 3), r.positive(2, 3)), (r(3), r.positive(2, 1)), (r(), r.positive(2)), (r(2, 3), -r.positive(3))]


def _positive_pairs(r):
    return [(r.positive(2, 3), r.positive(2, 3)), (r.positive(3), r.positive(2, 1)), (r.positive(), r.positive(2))]


def _one(make):
    return lambda r: [(make(r, 2, 3),), (make(r),), (make(r, 2, 1, 2),)]


_any = _one(lambda r, *shape: r(*shape))
_positive = _one(lambda r, *shape: r.positive(*shape))
_unit = _one(lambda r, *shape: r.unit(*shape))
_above_one = _one(lambda r, *shape: np.add(1, r.positive(*shape), out=np.empty(shape)))


def _masks(r):
    return [(r.mask(2, 3), r.mask(3)), (r(2, 3), r.mask(2, 3))]


def _bits(r):
    return [(r.ints(8, 2, 3), r.ints(8, 3)), (r.mask(2, 3), r.mask(2, 3))]


def _with(*rest):
    return lambda r: [(r(2, 3), *each) for each in rest]


def _three(r):
    return [(r(2, 3), r(2, 3), r.positive(2, 3)), (r(3), r(2, 1), r.positive(1, 3)), (r(), r(2), r.positive())]


NO_TYPE = {"single": False}
# Steps: the gradient is zero, of no further derivative.
STEP = {"second_order": False}

ROWS = [
    Row("add", _pairs),
    Row("add_scaled", lambda r: [(*pair, 2.5) for pair in _pairs(r)]),
    Row("sub", _pairs),
    Row("sub_scaled", lambda r: [(*pair, -0.5) for pair in _pairs(r)]),
    Row("rsub", lambda r: [(*pair, 2) for pair in _pairs(r)]),
    Row("rsub_number", _with((2.5,), (1,))),
    Row("mul", _pairs),
    Row("div", _divisors),
    Row("div_floor", _divisors, STEP),
    Row("div_trunc", _divisors, STEP),
    Row("remainder", _divisors),
    Row("remainder_number", _with((0.7,), (-3,))),
    Row("fmod", _divisors),
    Row("fmod_number", _with((0.7,), (-3,))),
    Row("neg", _any),
    Row("reciprocal", _positive),
    Row("abs", _any),
    Row("exp", _any),
    Row("exp2", _any),
    Row("expm1", _any),
    Row("log", _positive),
    Row("log10", _positive),
    Row("log1p", _positive),
    Row("log2", _positive),
    Row("sqrt", _positive),
    Row("rsqrt", _positive),
    Row("sin", _any),
    Row("cos", _any),
    Row("tan", _unit),
    Row("asin", _unit),
    Row("acos", _unit),
    Row("atan", _any),
    Row("sinh", _any),
    Row("cosh", _any),
    Row("tanh", _any),
    Row("asinh", _any),
    Row("acosh", _above_one),
    Row("atanh", _unit),
    Row("deg2rad", _any),
    Row("rad2deg", _any),
    Row("sigmoid", _any),
    Row("relu", _any),
    Row("threshold_backward", lambda r: [(r(2, 3), r(2, 3), ()), (r(), r(), ())]),
    Row("sign", _any, STEP),
    Row("sgn", _any, STEP),
    Row("signbit", _any),
    Row("ceil", _any, STEP),
    Row("floor", _any, STEP),
    Row("trunc", _any, STEP),
    Row("round", _any, STEP),
    Row("round_decimals", lambda r: [(np.round(r(2, 3), 1) + 0.02, 1), (r(3) * 10, -1)], STEP),
    Row("frac", _any),
    Row("pow", _positive_pairs),
    Row("pow_number", lambda r: [(r.positive(2, 3), each) for each in (1, 2, 3, -1, -2, 0.5, -0.5, 2.5)]),
    Row("number_pow", lambda r: [(each, r(2, 3)) for each in (2, 0.5, 1)]),
    Row("maximum", _pairs),
    Row("minimum", _pairs),
    Row("fmax", _pairs),
    Row("fmin", _pairs),
    Row("clamp", lambda r: [(r(2, 3), r(3) - 1, r(2, 1) + 1), (r(2, 3), r(3), None), (r(2, 3), None, r(3))]),
    Row("clamp_by_numbers", _with((-0.5, 0.5), (None, 0.5), (-1, None))),
    Row("clamp_min", _pairs),
    Row("clamp_max", _pairs),
    Row("clamp_min_number", _with((0.05,))),
    Row("clamp_max_number", _with((0.05,))),
    Row("atan2", _pairs),
    Row("hypot", _pairs),
    Row("logaddexp", _pairs),
    Row("logaddexp2", _pairs),
    Row("copysign", _pairs),
    Row("xlogy", _positive_pairs),
    Row("lerp", _three),
    Row("lerp_number", lambda r: [(*pair, weight) for pair in _pairs(r) for weight in (0.2, 0.8)]),
    Row("addcmul", lambda r: [(*each, 0.5) for each in _three(r)]),
    Row("addcdiv", lambda r: [(*each, -2) for each in _three(r)]),
    Row("nan_to_num", lambda r: [(r(2, 3), None, None, None), (r(2, 3), 1.0, 2.0, 3.0)]),
    Row("floor_divide", lambda r: [], NO_TYPE),
    Row("remainder_of_number", lambda r: [], NO_TYPE),
    *[Row(name, _pairs, NO_TYPE) for name in ("eq", "ne", "lt", "le", "gt", "ge")],
    Row("isclose", lambda r: [(r(2, 3), r(3), 1e-5, each, nan) for each, nan in ((1.0, False), (0.0, True))]),
    *[Row(name, _any, NO_TYPE) for name in ("isnan", "isinf", "isfinite", "logical_not")],
    *[Row(name, _masks, NO_TYPE) for name in ("logical_and", "logical_or", "logical_xor")],
    *[Row(name, _bits, NO_TYPE) for name in ("bitwise_and", "bitwise_or", "bitwise_xor")],
    Row("bitwise_not", lambda r: [(r.ints(8, 2, 3),), (r.mask(3),)], NO_TYPE),
    *[
        Row(name, lambda r: [(r.ints(8, 2, 3), r.ints(4, 3))], NO_TYPE)
        for name in ("bitwise_left_shift", "bitwise_right_shift")
    ],
]
