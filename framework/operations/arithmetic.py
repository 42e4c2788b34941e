"""Adds, subtracts, multiplies and divides, with PyTorch's type promotion and its operators."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.errors import unsupported
from framework.autograd.grad_mode import mode
from framework.autograd.inplace import inplace
from framework.autograd.operation import cast, operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations.division import div_floor, div_trunc
from framework.operations.operators import is_operand, operator, understood

__all__ = [
    "add",
    "div",
    "divide",
    "mul",
    "multiply",
    "neg",
    "negative",
    "positive",
    "reciprocal",
    "rsub",
    "sub",
    "subtract",
    "true_divide",
]

_add = operation(np.add, name="add", input=lambda g: g, other=lambda g: g)
_sub = operation(np.subtract, name="sub", input=lambda g: g, other=lambda g: -g)
mul = operation(
    np.multiply,
    name="mul",
    input=lambda g, other: g * other,
    other=lambda g, input: g * input,
)
_div = operation(
    np.true_divide,
    name="div",
    promote="float",
    input=lambda g, other: g / other,
    other=lambda g, input, other: -g * ((input / other) / other),
)
neg = operation(np.negative, name="neg", input=lambda g: -g)
reciprocal = operation(np.reciprocal, promote="float", input=lambda g, out: -g * (out * out))

_add_scaled = operation(
    lambda input, other, alpha: input + other * cast(alpha, other.dtype),
    name="add_scaled",
    grad_fn="AddBackward0",
    promote="common",
    input=lambda g: g,
    other=lambda g, alpha: g * alpha,
)
_sub_scaled = operation(
    lambda input, other, alpha: input - other * cast(alpha, other.dtype),
    name="sub_scaled",
    grad_fn="SubBackward0",
    promote="common",
    input=lambda g: g,
    other=lambda g, alpha: g * -alpha,
)
_rsub = operation(
    lambda input, other, alpha: other - input * cast(alpha, input.dtype),
    name="rsub",
    promote="common",
    input=lambda g, alpha: g * -alpha,
    other=lambda g: g,
)
_rsub_number = operation(
    lambda input, other: other - input,
    name="rsub_number",
    grad_fn="RsubBackward1",
    promote="common",
    promoted=["other"],
    input=lambda g: -g,
)

_TWO_MASKS = (
    "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator "
    "instead."
)
_MASK = (
    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the "
    "`~` or `logical_not()` operator instead."
)
unsupported["sub"] = lambda values: RuntimeError(_TWO_MASKS)
unsupported["neg"] = lambda values: RuntimeError(
    "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` or "
    "`logical_not()` operator instead."
)


def older_order(name: str, factor: Any, tensor: Any) -> None:
    """Warns once of PyTorch's older order of arguments, a factor before the tensor. TypeError where it is none."""
    if not isinstance(tensor, Tensor) or not isinstance(factor, (int, float)):
        raise TypeError(f"{name}() takes 2 positional arguments but 3 were given")
    if not _older_orders:
        _older_orders.append(name)
        warnings.warn(
            f"This overload of {name} is deprecated:\n\t{name}(Number alpha, Tensor other)\nConsider using one of the "
            f"following signatures instead:\n\t{name}(Tensor other, *, Number alpha = 1)",
            UserWarning,
            stacklevel=4,
        )


_older_orders: list[str] = []


def add(input: Any, other: Any, _older: Any = None, *, alpha: Any = 1) -> Tensor:
    """`input + alpha * other`; PyTorch's older order is `add(input, alpha, other)`."""
    if _older is not None:
        older_order("add", other, _older)
        other, alpha = _older, other
    if alpha.__class__ is not int or alpha != 1:
        _check_alpha(alpha, input, other)
        return _add_scaled.function(input, other, alpha)
    return _add.function(input, other)


def sub(input: Any, other: Any, _older: Any = None, *, alpha: Any = 1) -> Tensor:
    """`input - alpha * other`; PyTorch's older order is `sub(input, alpha, other)`. RuntimeError for boolean tensors."""
    if _older is not None:
        older_order("sub", other, _older)
        other, alpha = _older, other
    check_no_mask(input, other)
    if alpha.__class__ is not int or alpha != 1:
        _check_alpha(alpha, input, other)
        return _sub_scaled.function(input, other, alpha)
    return _sub.function(input, other)


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """`other - alpha * input`."""
    if isinstance(input, (bool, int, float)):
        raise TypeError(
            f"rsub() received an invalid combination of arguments - got ({type(input).__name__}, "
            f"{type(other).__name__}), but expected one of:\n * (Tensor input, Tensor other, *, Number alpha = 1)\n"
            " * (Tensor input, Number other, Number alpha = 1)\n"
        )
    check_no_mask(input, other)
    if isinstance(other, Tensor) or alpha != 1:
        _check_alpha(alpha, input, other)
        return _rsub.function(input, other, alpha)
    return _rsub_number.function(input, other)


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """`input / other`, rounded down with `rounding_mode="floor"`, toward zero with "trunc"."""
    if rounding_mode is None:
        return _div.function(input, other)
    if rounding_mode == "floor":
        return div_floor.function(input, other)
    if rounding_mode == "trunc":
        return div_trunc.function(input, other)
    raise RuntimeError(
        "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '" + str(rounding_mode) + "'"
    )


def true_divide(input: Any, other: Any) -> Tensor:
    """`input / other`."""
    return _div.function(input, other)


def multiply(input: Any, other: Any) -> Tensor:
    """`mul`, by another name."""
    return mul.function(input, other)


def subtract(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """`sub`, by another name."""
    return sub(input, other, alpha=alpha)


def divide(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """`div`, by another name."""
    return div(input, other, rounding_mode=rounding_mode)


def negative(input: Tensor) -> Tensor:
    """`neg`, by another name."""
    return neg.function(input)


def positive(input: Tensor) -> Tensor:
    """The tensor itself. RuntimeError for a boolean one."""
    if input.dtype is dtypes.boolean:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def check_no_mask(input: Any, other: Any) -> None:
    """Raises where a boolean would be subtracted, or subtracted from."""
    first, second = _is_mask(input), _is_mask(other)
    if first or second:
        raise RuntimeError(_TWO_MASKS if first and second else _MASK)


def _is_mask(operand: Any) -> bool:
    if isinstance(operand, Tensor):
        operand = operand._array
    return operand.dtype.kind == "b" if hasattr(operand, "dtype") else isinstance(operand, bool)


def _check_alpha(alpha: Any, *operands: Any) -> None:
    """Raises PyTorch's error where the result's type cannot hold `alpha`."""
    first = operands[0]
    if isinstance(first, Tensor) and first._array.dtype.kind == "f":
        kind = "f"
    else:
        kind = dtypes.result_dtype([each._array if isinstance(each, Tensor) else each for each in operands]).kind
    if isinstance(alpha, bool) and kind != "b":
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and kind != "f":
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")


def _rdiv(self: Tensor, other: Any) -> Any:
    # As PyTorch computes it: the reciprocal first.
    return mul.function(reciprocal.function(self), other)


register(np.positive, positive)

_iadd, _isub, _imul, _idiv = inplace(_add), inplace(_sub), inplace(mul), inplace(_div)
_iadd_scaled, _isub_scaled, _idiv_rounded = inplace(add), inplace(sub), inplace(div)


def _add_(self: Tensor, other: Any, _older: Any = None, *, alpha: Any = 1) -> Tensor:
    """`add`, written into this tensor."""
    if _older is not None:
        older_order("add_", other, _older)
        other, alpha = _older, other
    if alpha.__class__ is int and alpha == 1:
        return _iadd(self, other)
    return _iadd(self, other * alpha) if _is_step(self, other, alpha) else _iadd_scaled(self, other, alpha=alpha)


def _is_step(tensor: Tensor, other: Any, alpha: Any) -> bool:
    """Whether `tensor + alpha * other` is two steps of tensors of one type, which nobody records."""
    return (
        alpha.__class__ is float
        and isinstance(other, Tensor)
        and tensor._array.dtype is other._array.dtype
        and tensor._array.dtype.kind == "f"
        and not (mode.recording and (tensor.requires_grad or other.requires_grad))
        and (tensor._storage is None or tensor._storage is not other._storage)
    )


def _sub_(self: Tensor, other: Any, _older: Any = None, *, alpha: Any = 1) -> Tensor:
    """`sub`, written into this tensor."""
    if _older is not None:
        older_order("sub_", other, _older)
        other, alpha = _older, other
    check_no_mask(self, other)
    return _isub(self, other) if alpha.__class__ is int and alpha == 1 else _isub_scaled(self, other, alpha=alpha)


def _div_(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """`div`, written into this tensor."""
    return _idiv(self, other) if rounding_mode is None else _idiv_rounded(self, other, rounding_mode=rounding_mode)


for _each in (_add_, _sub_, _div_):
    _each.__name__ = _each.__qualname__ = _each.__name__.removeprefix("_")


def _rsub_operator(self: Tensor, other: Any) -> Any:
    if other.__class__ in (int, float) and self._array.dtype.kind == "f":
        return _rsub_number.function(self, other)
    if not is_operand(other):
        return NotImplemented
    return rsub(self, other) if isinstance(other, (int, float)) else sub(other, self)


attach(
    add,
    div,
    divide,
    mul,
    multiply,
    neg,
    negative,
    positive,
    reciprocal,
    sub,
    subtract,
    true_divide,
    inplace=[neg, negative, reciprocal],
    named={
        "__add__": operator(_add),
        "__iadd__": understood(_iadd),
        "__imul__": understood(_imul),
        "__isub__": understood(_sub_),
        "__itruediv__": understood(_idiv),
        "__mul__": operator(mul),
        "__neg__": neg,
        "__pos__": positive,
        "__radd__": understood(_add.function),
        "__rdiv__": understood(_rdiv),
        "__rmul__": understood(mul.function),
        "__rsub__": _rsub_operator,
        "__rtruediv__": understood(_rdiv),
        "__sub__": operator(_sub, sub),
        "__truediv__": operator(_div),
        "add_": _add_,
        "div_": _div_,
        "divide_": _div_,
        "mul_": _imul,
        "multiply_": _imul,
        "sub_": _sub_,
        "subtract_": _sub_,
        "true_divide_": _idiv,
    },
)
