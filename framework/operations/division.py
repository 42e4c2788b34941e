"""Divides with a remainder: `//`, `%`, `fmod`, and `div` with a rounding mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.autograd.direct import zeros
from framework.autograd.errors import no_kernel
from framework.autograd.inplace import inplace
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations.operators import operator, reflected, understood

__all__ = ["floor_divide", "fmod", "remainder"]


def _check_divisor(name: str, input: Any, other: Any) -> None:
    """Raises where whole numbers would be divided by zero, or masks divided."""
    kind = (other if isinstance(input, (int, float)) else input).dtype.kind
    if kind == "b":
        raise no_kernel(name, [input])
    if kind != "f":
        decide(_refuse_zeros, other)


def _refuse_zeros(other: Any) -> None:
    if not np.all(other):
        raise RuntimeError("ZeroDivisionError")


def _floor(input: Any, other: Any) -> Any:
    _check_divisor("div_floor", input, other)
    return np.floor_divide(input, other)


def _trunc(input: Any, other: Any) -> Any:
    _check_divisor("div_trunc", input, other)
    if input.dtype.kind == "f":
        return np.trunc(input / other)
    # np.fmod keeps the dividend's sign, so what is left divides without rest.
    return np.floor_divide(input - np.fmod(input, other), other)


def _remainder(input: Any, other: Any) -> Any:
    _check_divisor("remainder", input, other)
    return np.remainder(input, other)


def _fmod(input: Any, other: Any) -> Any:
    _check_divisor("fmod", input, other)
    return np.fmod(input, other)


def _no_derivative(name: str) -> Callable[[Any], Any]:
    def formula(g: Any) -> Any:
        raise RuntimeError(f"derivative for aten::{name} is not implemented")

    return formula


def _nothing(g: Any) -> Any:
    return zeros(g)


div_floor = operation(
    _floor, name="div_floor", grad_fn="DivBackward2", promote="common", input=_nothing, other=_nothing
)
div_trunc = operation(
    _trunc, name="div_trunc", grad_fn="DivBackward2", promote="common", input=_nothing, other=_nothing
)
_floor_divide = operation(
    _floor,
    name="floor_divide",
    grad_fn="NotImplemented",
    promote="common",
    input=_no_derivative("floor_divide"),
    other=_no_derivative("floor_divide"),
)
_remainder_number = operation(
    _remainder,
    name="remainder_number",
    grad_fn="RemainderBackward0",
    promote="common",
    promoted=["other"],
    input=lambda g: g,
)
_remainder_of_number = operation(
    lambda other, input: _remainder(input, other),
    name="remainder_of_number",
    grad_fn="NotImplemented",
    promote="common",
    promoted=["input"],
    other=_no_derivative("remainder"),
)
_remainders = operation(
    _remainder,
    name="remainder",
    grad_fn="RemainderBackward1",
    promote="common",
    input=lambda g: g,
    other=lambda g, input, other: -g * div_floor(input, other),
)
_fmod_number = operation(
    _fmod, name="fmod_number", grad_fn="FmodBackward0", promote="common", promoted=["other"], input=lambda g: g
)
_fmods = operation(
    _fmod,
    name="fmod",
    grad_fn="FmodBackward1",
    promote="common",
    input=lambda g: g,
    other=lambda g, input, other: -g * div_trunc(input, other),
)


def floor_divide(input: Any, other: Any) -> Tensor:
    """`input / other`, rounded down. It has no gradient."""
    return _floor_divide.function(input, other)


def remainder(input: Any, other: Any) -> Tensor:
    """What is left of `input` divided by `other`, with the sign of `other`, as Python's `%`."""
    if isinstance(input, (int, float)):
        return _remainder_of_number.function(other, input)
    row = _remainder_number if isinstance(other, (int, float)) else _remainders
    return row.function(input, other)


def fmod(input: Any, other: Any) -> Tensor:
    """What is left of `input` divided by `other`, with the sign of `input`, as C's `fmod`."""
    if isinstance(input, (bool, int, float)):
        raise TypeError(
            f"fmod() received an invalid combination of arguments - got ({type(input).__name__}, "
            f"{type(other).__name__}), but expected one of:\n * (Tensor input, Tensor other, *, Tensor out = None)\n"
            " * (Tensor input, Number other, *, Tensor out = None)\n"
        )
    return _remainder_of(input, other)


def _remainder_of(input: Any, other: Any) -> Tensor:
    row = _fmod_number if isinstance(other, (int, float)) else _fmods
    result: Tensor = row.function(input, other)
    return result


register(np.floor_divide, div_floor)
register(np.remainder, remainder)
register(np.fmod, _remainder_of)

attach(
    floor_divide,
    fmod,
    remainder,
    inplace=[floor_divide, fmod, remainder],
    named={
        "__floordiv__": operator(_floor_divide),
        "__ifloordiv__": understood(inplace(floor_divide)),
        "__imod__": understood(inplace(remainder)),
        "__mod__": understood(remainder),
        "__rfloordiv__": reflected(_floor_divide.function),
        "__rmod__": reflected(remainder),
    },
)
