"""Raises to a power: tensors by numbers, numbers by tensors, tensors by tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.autograd.direct import in_dtype, zeros
from framework.autograd.inplace import inplace
from framework.autograd.operation import cast, operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations.halves import half
from framework.operations.operators import is_operand, reflected, understood

__all__ = ["float_power", "pow", "square"]

_NEGATIVE = "Integers to negative integer powers are not allowed."


def _to_number(input: Any, exponent: Any) -> Any:
    """A power by a number, multiplied out where that is quicker than np.power and as exact."""
    if input.dtype.itemsize == 2 and input.dtype.kind == "f":
        return half(_to_number(in_dtype(input, np.float32), exponent), input.dtype)
    if exponent == 2:
        return input * input
    if exponent == 1:
        return np.copy(input)
    if exponent == 3:
        return input * input * input
    if exponent == 0:
        return np.ones_like(input)
    if input.dtype.kind == "f":
        if exponent == 0.5:
            return np.sqrt(input)
        if exponent == -1:
            return np.reciprocal(input)
        if exponent == -0.5:
            return np.reciprocal(np.sqrt(input))
        if exponent == -2:
            return np.reciprocal(input * input)
    return np.power(input, exponent)


def _slope(g: Any, input: Any, exponent: Any) -> Any:
    """The gradient of a power by a number."""
    if exponent == 0:
        return zeros(g)
    if exponent == 2:
        return g * (input * 2)
    return g * (_to_number(input, exponent - 1) * exponent)


def _log_of_number(base: float) -> float:
    if base == 0:
        return -math.inf
    return math.log(base) if base > 0 else math.nan


def _slope_of_exponent(g: Any, base: Any, exponent: Any, out: Any) -> Any:
    """The gradient of a number's power."""
    slope = out * _log_of_number(base)
    return g * (np.where(exponent >= 0, 0.0, slope) if base == 0 else slope)


def _any_negative(other: Any) -> bool:
    return bool(np.any(other < 0))


def _elementwise(input: Any, other: Any) -> Any:
    kind = input.dtype.kind
    if kind == "b":
        raise NotImplementedError("\"pow\" not implemented for 'Bool'")
    if kind == "i" and decide(_any_negative, other):
        # One over a whole number, rounded toward zero.
        sign = np.where(other % 2 == 0, 1, input)
        inverse = np.where(np.abs(input) == 1, sign, 0)
        return in_dtype(np.where(other < 0, inverse, np.power(input, np.maximum(other, 0))), input.dtype)
    return np.power(input, other)


def _of_number(base: Any, exponent: Any) -> Any:
    if exponent.dtype.kind == "f":
        return np.power(base, exponent)
    return _elementwise(np.full_like(exponent, cast(base, exponent.dtype)), exponent)


_pow_number = operation(
    _to_number,
    name="pow_number",
    grad_fn="PowBackward0",
    input=lambda g, input, exponent: _slope(g, input, exponent),
)
_number_pow = operation(
    _of_number,
    name="number_pow",
    grad_fn="PowBackward2",
    exponent=_slope_of_exponent,
)
_pow = operation(
    _elementwise,
    name="pow",
    grad_fn="PowBackward1",
    promote="common",
    input=lambda g, input, other: np.where(other == 0, 0.0, g * (other * np.power(input, other - 1))),
    other=lambda g, input, other, out: g * np.where(np.logical_and(input == 0, other >= 0), 0.0, out * np.log(input)),
)


def pow(input: Any, exponent: Any) -> Tensor:
    """`input ** exponent`, either of them a Tensor, the other a Tensor or a number.

    Raises RuntimeError for whole numbers to a negative number.
    """
    if isinstance(exponent, np.generic):
        exponent = exponent.item()
    if isinstance(exponent, (int, float)) and isinstance(input, Tensor):
        dtype = input._array.dtype
        if dtype.kind != "f":
            input, dtype = _promoted(input, exponent)
            if dtype.kind != "f" and exponent < 0:
                raise RuntimeError(_NEGATIVE)
        return _pow_number.function(input, exponent)
    if isinstance(input, np.generic):
        input = input.item()
    if isinstance(input, (int, float)) and isinstance(exponent, Tensor):
        return _number_pow.function(input, _promoted(exponent, input)[0])
    if not hasattr(input, "dtype") or not hasattr(exponent, "dtype"):
        raise TypeError(
            f"pow() received an invalid combination of arguments - got ({type(input).__name__}, "
            f"{type(exponent).__name__}), but expected one of:\n"
            " * (Tensor input, Tensor exponent, *, Tensor out = None)\n"
            " * (Number self, Tensor exponent, *, Tensor out = None)\n"
            " * (Tensor input, Number exponent, *, Tensor out = None)\n"
        )
    return _pow.function(input, exponent)


def _promoted(tensor: Tensor, number: Any) -> tuple[Tensor, np.dtype[Any]]:
    """The tensor in the type in which it meets a number, and that type."""
    dtype = dtypes.result_dtype([tensor._array, number])
    return (tensor if tensor._array.dtype == dtype else tensor.to(dtypes.from_numpy(dtype))), dtype


def square(input: Tensor) -> Tensor:
    """Each element times itself."""
    return pow(input, 2)


def float_power(input: Any, exponent: Any) -> Tensor:
    """`input ** exponent`, computed in float64."""
    return pow(_wide(input), _wide(exponent))


def _wide(value: Any) -> Any:
    return value.to(dtypes.float64) if isinstance(value, Tensor) else float(value)


def _float_power_(self: Tensor, exponent: Any) -> Tensor:
    """`float_power`, written into this tensor, which must be of float64."""
    if self.dtype is not dtypes.float64:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {self.dtype.scalar_name} but the operation's result requires "
            "dtype Double"
        )
    return inplace(float_power)(self, exponent)


register(np.power, pow)
register(np.float_power, float_power)
register(np.square, square)

_ipow = inplace(pow)


def _pow_operator(self: Tensor, exponent: Any) -> Any:
    if exponent.__class__ in (int, float) and self._array.dtype.kind == "f":
        return _pow_number.function(self, exponent)
    return pow(self, exponent) if is_operand(exponent) else NotImplemented


attach(
    float_power,
    pow,
    square,
    inplace=[square],
    named={
        "__ipow__": understood(_ipow),
        "__pow__": _pow_operator,
        "__rpow__": reflected(pow),
        "float_power_": _float_power_,
        "pow_": _ipow,
    },
)
