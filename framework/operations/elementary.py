"""Elementary functions of one or two tensors: `sinc`, `logit`, `entr`, `xlog1py`, `heaviside`, `ldexp`, `frexp`, `gcd`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import in_dtype, zeros
from framework.autograd.inplace import inplace
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations import return_types
from framework.operations.choosing import choose
from framework.operations.creation_arguments import check_tensor
from framework.operations.halves import half
from framework.operations.pairs import of_tensors, refuse, undifferentiable, with_numbers

__all__ = ["entr", "frexp", "gcd", "heaviside", "lcm", "ldexp", "logit", "nextafter", "sinc", "xlog1py"]


def _in_single(function: Any) -> Any:
    """The function, half precision computed in single precision."""

    def forward(input: Any, *rest: Any) -> Any:
        if input.dtype.itemsize > 2:
            return function(input, *rest)
        wide = [in_dtype(each, np.float32) if hasattr(each, "dtype") else each for each in rest]
        return half(function(in_dtype(input, np.float32), *wide), input.dtype)

    return forward


def _sinc(input: Any) -> Any:
    angle = input * math.pi
    return choose(input == 0, 1.0, np.sin(angle) / choose(input == 0, 1.0, angle))


sinc = operation(
    lambda input: _in_single(_sinc)(input),
    name="sinc",
    promote="float",
    input=lambda g, input: _sinc_slope(g, input),
)


def _sinc_slope(g: Any, input: Any) -> Any:
    angle = input * math.pi
    square = input * input * math.pi
    zero = square == 0
    return choose(zero, 0.0, g * ((angle * np.cos(angle) - np.sin(angle)) / choose(zero, 1.0, square)))


def _logit_raw(input: Any, eps: float | None) -> Any:
    def value(x: Any) -> Any:
        if eps is not None and eps >= 0:
            x = np.where(x < eps, eps, np.where(x > 1 - eps, 1 - eps, x))
        return np.log(x / (1 - x))

    return _in_single(value)(input)


_logit = operation(_logit_raw, name="logit", promote="float")


@_logit.derivative("input")
def _(g: Any, input: Any, eps: float | None) -> Any:
    if eps is None or eps < 0:
        inside = np.logical_and(input >= 0, input <= 1)
        outside = math.nan
    else:
        inside = np.logical_and(input >= eps, input <= 1 - eps)
        outside = 0.0
    return np.where(inside, g / (input * (1 - input)), outside)


def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """`log(input / (1 - input))`, the inverse of sigmoid; with `eps`, of the input kept between eps and 1 - eps."""
    check_tensor("logit", "input", 1, input)
    if eps is not None and not isinstance(eps, (int, float)):
        raise TypeError(f"logit(): argument 'eps' (position 2) must be float, not {type(eps).__name__}")
    return _logit.function(input, eps)


def _entr(x: Any) -> Any:
    value = choose(x == 0, 0.0, -x * np.log(choose(x > 0, x, 1.0)))
    return choose(x < 0, -math.inf, value)


entr = operation(
    lambda input: _in_single(_entr)(input),
    name="special_entr",
    promote="float",
    input=lambda g, input: g * (-np.log(input) - 1),
)


def _xlog1py_raw(input: Any, other: Any) -> Any:
    return _in_single(lambda x, y: choose(np.logical_and(x == 0, y == y), 0.0, x * np.log1p(y)))(input, other)


xlog1py = with_numbers(
    operation(
        _xlog1py_raw,
        name="special_xlog1py",
        grad_fn="SpecialXlog1PyBackward0",
        promote="float",
        input=lambda g, input, other: g * choose(np.logical_and(input == 0, other <= -1), 0.0, np.log1p(other)),
        other=lambda g, input, other: g * (input / (other + 1)),
    ),
    "special_xlog1py",
    "`input * log1p(other)`, zero where the input is zero.",
)


def _heaviside_raw(input: Any, values: Any) -> Any:
    return np.astype(np.where(input == 0, values, input > 0), input.dtype, copy=False)


_heaviside = operation(
    _heaviside_raw,
    name="heaviside",
    grad_fn="NotImplemented",
    input=undifferentiable("heaviside", whole=True),
    values=undifferentiable("heaviside", whole=True),
)
_HEAVISIDE = of_tensors(_heaviside, "heaviside", "Zero below zero, one above, and `values` at zero.", "values")


def heaviside(*args: Any, **named: Any) -> Tensor:
    """Zero below zero, one above, and `values` at zero."""
    types = {each.dtype for each in (*args, *named.values()) if isinstance(each, Tensor)}
    if len(types) > 1:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    result: Tensor = _HEAVISIDE(*args, **named)
    return result


def _nextafter_raw(input: Any, other: Any) -> Any:
    if input.dtype.kind != "f":
        refuse("nextafter", input, other)
    return np.nextafter(input, other)


nextafter = of_tensors(
    operation(
        _nextafter_raw,
        name="nextafter",
        promote="common",
        input=lambda g, input, other: choose(input == other, 0.0, g),
        other=lambda g: zeros(g),
    ),
    "nextafter",
    "The next number after `input` towards `other`.",
)


def _whole(name: str, ufunc: Any) -> Any:
    def forward(input: Any, other: Any) -> Any:
        if input.dtype.kind not in "iu":
            refuse(name, input, other)
        return ufunc(input, other)

    return operation(forward, name=name, promote="common", promoted=["input", "other"])


_gcd, _lcm = _whole("gcd", np.gcd), _whole("lcm", np.lcm)
gcd = of_tensors(_gcd, "gcd", "The greatest common divisor of whole numbers.")
lcm = of_tensors(_lcm, "lcm", "The least common multiple of whole numbers.")

ldexp = of_tensors(
    operation(
        lambda input, other: _in_single(lambda x, y: x * np.exp2(y))(input, other),
        name="ldexp",
        promote="float",
        input=lambda g, other: g * np.exp2(other),
        other=lambda g, out: g * (out * math.log(2)),
    ),
    "ldexp",
    "`input * 2 ** other`.",
)


def _split(input: Any) -> tuple[Any, Any]:
    mantissa, exponent = np.frexp(input)
    if isinstance(mantissa, np.generic):
        mantissa, exponent = np.asarray(mantissa), np.asarray(exponent)
    return mantissa, exponent


_frexp = operation(_split, name="frexp", outputs=2, residuals=("exponent",))


@_frexp.derivative("input")
def _(g: Any, exponent: Any) -> Any:
    return g / np.exp2(in_dtype(exponent, g.dtype))


def frexp(input: Tensor) -> Any:
    """`mantissa * 2 ** exponent` is the input, the mantissa's size from 0.5 up to 1."""
    check_tensor("frexp", "input", 1, input)
    if input._array.dtype.kind != "f":
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    return return_types.frexp(_frexp.function(input))


register(np.sinc, sinc)
register(np.heaviside, heaviside)
register(np.nextafter, nextafter)
register(np.gcd, gcd)
register(np.lcm, lcm)
register(np.ldexp, ldexp)

_FUNCTIONS = (gcd, heaviside, lcm, ldexp, logit, nextafter)
attach(
    frexp,
    sinc,
    *_FUNCTIONS,
    inplace=[sinc],
    named={f"{each.__name__}_": inplace(each) for each in _FUNCTIONS},
)
