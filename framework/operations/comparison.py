"""Compares tensors element by element, or whole, and tells which elements are finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import all_true
from framework.autograd.errors import broadcast_error
from framework.autograd.inplace import inplace
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors
from framework.operations.operators import operator

__all__ = [
    "allclose",
    "eq",
    "equal",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "le",
    "less",
    "less_equal",
    "lt",
    "ne",
    "not_equal",
]

eq = operation(np.equal, name="eq", tensors=["input"])
ne = operation(np.not_equal, name="ne", tensors=["input"])
lt = operation(np.less, name="lt", tensors=["input"])
le = operation(np.less_equal, name="le", tensors=["input"])
gt = operation(np.greater, name="gt", tensors=["input"])
ge = operation(np.greater_equal, name="ge", tensors=["input"])
isnan = operation(np.isnan)
isinf = operation(np.isinf)
isfinite = operation(np.isfinite)

not_equal = ne.function
less = lt.function
less_equal = le.function
greater = gt.function
greater_equal = ge.function


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have one shape and the same values."""
    check_tensors("equal", input=input, other=other)
    a, b = input._array, other._array
    return a.shape == b.shape and bool(all_true(a == b))


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Where `|input - other| <= atol + rtol * |other|`. Infinities are close to themselves alone."""
    return _isclose("isclose", input, other, rtol, atol, equal_nan)


def _isclose(name: str, input: Tensor, other: Tensor, rtol: float, atol: float, equal_nan: bool) -> Tensor:
    check_tensors(name, input=input, other=other)
    a, b = input._array, other._array
    if a.dtype != b.dtype:
        raise RuntimeError(f"{input.dtype.scalar_name} did not match {other.dtype.scalar_name}")
    if rtol < 0:
        raise RuntimeError(f"rtol must be greater than or equal to zero, but got {rtol:g}")
    if atol < 0:
        raise RuntimeError(f"atol must be greater than or equal to zero, but got {atol:g}")
    error = broadcast_error([a.shape, b.shape])
    if error is not None:
        raise error
    return _close.function(input, other, rtol, atol, equal_nan)


def _is_close(input: Any, other: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    close = input == other
    if input.dtype.kind == "f" and equal_nan:
        close = close | (np.isnan(input) & np.isnan(other))
    if rtol or atol:
        wide = input.dtype if input.dtype.kind == "f" else np.float64
        target = np.astype(other, wide)
        difference = np.absolute(np.astype(input, wide) - target)
        close = close | (np.isfinite(difference) & (difference <= atol + np.absolute(target * rtol)))
    return close


_close = operation(_is_close, name="isclose")


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether every element `isclose`."""
    return bool(np.all(_isclose("allclose", input, other, rtol, atol, equal_nan)._array))


def isposinf(input: Tensor) -> Tensor:
    """Where an element is infinity."""
    return eq.function(input, float("inf")) if input.is_floating_point() else isinf.function(input)


def isneginf(input: Tensor) -> Tensor:
    """Where an element is minus infinity."""
    return eq.function(input, float("-inf")) if input.is_floating_point() else isinf.function(input)


def isreal(input: Tensor) -> Tensor:
    """True everywhere: there are no complex tensors."""
    return Tensor._wrap(np.ones_like(input._array, np.bool_))


attach(
    allclose,
    eq,
    equal,
    ge,
    gt,
    isclose,
    isfinite,
    isinf,
    isnan,
    isneginf,
    isposinf,
    isreal,
    le,
    lt,
    ne,
    inplace=[eq, ge, gt, le, lt, ne],
    named={
        "__eq__": operator(eq),
        "__ge__": operator(ge),
        "__gt__": operator(gt),
        "__le__": operator(le),
        "__lt__": operator(lt),
        "__ne__": operator(ne),
        "greater": gt,
        "greater_": inplace(gt, "greater_"),
        "greater_equal": ge,
        "greater_equal_": inplace(ge, "greater_equal_"),
        "less": lt,
        "less_": inplace(lt, "less_"),
        "less_equal": le,
        "less_equal_": inplace(le, "less_equal_"),
        "not_equal": ne,
        "not_equal_": inplace(ne, "not_equal_"),
    },
)
