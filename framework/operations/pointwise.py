"""Functions of each element alone: exponentials, logarithms, roots, trigonometry, rounding, activations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import constant, in_dtype, zeros
from framework.autograd.errors import no_kernel
from framework.autograd.inplace import inplace
from framework.autograd.nodes import renamed
from framework.autograd.operation import Operation, operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations.gates import gate
from framework.operations.logistic import sigmoid

__all__ = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "rad2deg",
    "relu",
    "relu_",
    "rsqrt",
    "sgn",
    "sigmoid",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
]

_LN_2 = math.log(2)
_LN_10 = math.log(10)


def _float(forward: Callable[..., Any], formula: Callable[..., Any], **options: Any) -> Any:
    """An operation whose result is of a floating-point type."""
    return operation(forward, promote="float", input=formula, **options)


exp = _float(np.exp, lambda g, out: g * out)
exp2 = _float(np.exp2, lambda g, out: g * (out * _LN_2))
expm1 = _float(np.expm1, lambda g, out: g * (out + 1))
log = _float(np.log, lambda g, input: g / input)
log1p = _float(np.log1p, lambda g, input: g / (input + 1))
log2 = _float(np.log2, lambda g, input: g / (input * _LN_2))
log10 = _float(np.log10, lambda g, input: g / (input * _LN_10))
sqrt = _float(np.sqrt, lambda g, out: g / (out * 2))
rsqrt = _float(lambda input: 1 / np.sqrt(input), lambda g, out: g * (out * out * out * -0.5), name="rsqrt")
sin = _float(np.sin, lambda g, input: g * np.cos(input))
cos = _float(np.cos, lambda g, input: -g * np.sin(input))
tan = _float(np.tan, lambda g, out: g * (out * out + 1))
asin = _float(np.arcsin, lambda g, input: g * rsqrt(1 - input * input), name="asin")
acos = _float(np.arccos, lambda g, input: -g * rsqrt(1 - input * input), name="acos")
atan = _float(np.arctan, lambda g, input: g / (input * input + 1), name="atan")
sinh = _float(np.sinh, lambda g, input: g * np.cosh(input))
cosh = _float(np.cosh, lambda g, input: g * np.sinh(input))
tanh = _float(np.tanh, lambda g, out: g * (1 - out * out))
asinh = _float(np.arcsinh, lambda g, input: g * rsqrt(input * input + 1), name="asinh")
acosh = _float(np.arccosh, lambda g, input: g * rsqrt(input * input - 1), name="acosh")
atanh = _float(np.arctanh, lambda g, input: g / (1 - input * input), name="atanh")
deg2rad = _float(np.deg2rad, lambda g: g * (math.pi / 180))
rad2deg = _float(np.rad2deg, lambda g: g * (180 / math.pi))


def _sign(input: Any) -> Any:
    if input.dtype.kind in "bu":
        return in_dtype(input != 0, input.dtype)
    # np.sign(nan) is nan, PyTorch's is 0.
    return np.subtract(input > 0, input < 0, dtype=input.dtype)


def _nothing(g: Any) -> Any:
    return zeros(g)


sign = operation(_sign, name="sign", input=_nothing)
register(np.sign, sign)
sgn = operation(_sign, name="sgn", input=_nothing)


def _absolute(input: Any) -> Any:
    if input.dtype.kind == "b":
        raise no_kernel("abs", [input])
    return np.absolute(input)


abs = operation(_absolute, name="abs", input=lambda g, input: g * sign(input))
register(np.absolute, abs)
signbit = operation(np.signbit)


def _relu(input: Any) -> Any:
    kind = input.dtype.kind
    if kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    if kind == "f" and math.prod(input.shape) > 100_000:
        return np.clip(input, 0, math.inf)
    # np.maximum with a number takes up to five times as long.
    return np.maximum(input, constant(0, input.dtype))


# The result is zero, positive or nan: as in PyTorch, nan lets the gradient through.
_relu_gate = gate("threshold_backward", lambda g, out: g * (out != 0))
relu = operation(_relu, name="relu", input=lambda g, out: _relu_gate(g, out))
relu_ = inplace(relu)

absolute = abs.function
arccos, arccosh = acos.function, acosh.function
arcsin, arcsinh = asin.function, asinh.function
arctan, arctanh = atan.function, atanh.function

_ROWS = [
    abs,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atanh,
    cos,
    cosh,
    deg2rad,
    exp,
    exp2,
    expm1,
    log,
    log10,
    log1p,
    log2,
    rad2deg,
    relu,
    rsqrt,
    sgn,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
]
_ALIASES = {
    "absolute": abs,
    "arccos": acos,
    "arccosh": acosh,
    "arcsin": asin,
    "arcsinh": asinh,
    "arctan": atan,
    "arctanh": atanh,
}


def _written(row: Operation, name: str) -> Any:
    """The in-place form of a row, whose node PyTorch counts as the second form of some."""
    method = inplace(row, f"{name}_")
    if row not in (acosh, asinh, atanh):
        return method
    before, after = (f"{row.name.title()}Backward{number}" for number in (0, 1))

    def counted(self: Tensor) -> Tensor:
        result: Tensor = renamed(method(self), before, after)
        return result

    counted.__name__ = counted.__qualname__ = method.__name__
    counted.__doc__ = method.__doc__
    return counted


attach(
    *_ROWS,
    signbit,
    named={
        "__abs__": abs,
        **_ALIASES,
        **{f"{row.name}_": _written(row, row.name) for row in _ROWS},
        **{f"{name}_": _written(row, name) for name, row in _ALIASES.items()},
    },
)
