"""Functions of two or three tensors, element by element: blends, fused products, angles and logarithms of sums."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import zeros
from framework.autograd.errors import no_kernel
from framework.autograd.inplace import inplace
from framework.autograd.nodes import renamed
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors
from framework.operations.arithmetic import older_order
from framework.operations.choosing import choose

__all__ = [
    "addcdiv",
    "addcmul",
    "arctan2",
    "atan2",
    "copysign",
    "hypot",
    "lerp",
    "logaddexp",
    "logaddexp2",
    "nan_to_num",
    "xlogy",
]

_LN_2 = math.log(2)


def _over_squares(g: Any, numerator: Any, input: Any, other: Any) -> Any:
    """`g * numerator / (input² + other²)`, zero at the origin."""
    squares = input * input + other * other
    return choose(squares == 0, 0.0, g * (numerator / squares))


atan2 = operation(
    np.arctan2,
    name="atan2",
    promote="float",
    input=lambda g, input, other: _over_squares(g, other, input, other),
    other=lambda g, input, other: _over_squares(g, -input, input, other),
    tensors=["input", "other"],
)


def _floats(ufunc: Any, name: str) -> Any:
    def forward(input: Any, other: Any) -> Any:
        if input.dtype.kind != "f":
            raise no_kernel(name, [input])
        return ufunc(input, other)

    return forward


hypot = operation(
    _floats(np.hypot, "hypot"),
    name="hypot",
    promote="common",
    input=lambda g, input, out: g * (input / out),
    other=lambda g, other, out: g * (other / out),
    tensors=["input", "other"],
)
logaddexp = operation(
    _floats(np.logaddexp, "logaddexp"),
    name="logaddexp",
    promote="common",
    input=lambda g, input, other: g / (np.exp(other - input) + 1),
    other=lambda g, input, other: g / (np.exp(input - other) + 1),
    tensors=["input", "other"],
)
logaddexp2 = operation(
    _floats(np.logaddexp2, "logaddexp2"),
    name="logaddexp2",
    promote="common",
    input=lambda g, input, other: g / (np.exp2(other - input) + 1),
    other=lambda g, input, other: g / (np.exp2(input - other) + 1),
    tensors=["input", "other"],
)
_copysign = operation(
    np.copysign,
    name="copysign",
    promote="float",
    input=lambda g, input, out: g * choose(input == 0, 0.0, out / input),
    other=lambda g: zeros(g),
    tensors=["input"],
)


def copysign(input: Tensor, other: Any) -> Tensor:
    """The magnitude of `input` with the sign of `other`."""
    result: Tensor = _copysign.function(input, other)
    if not isinstance(other, Tensor):
        renamed(result, "CopysignBackward0", "CopysignBackward1")
    return result


def _log_times(input: Any, other: Any) -> Any:
    product = input * np.log(other)
    return choose(np.logical_and(input == 0, other == other), 0.0, product)


_xlogy = operation(
    _log_times,
    name="xlogy",
    promote="float",
    input=lambda g, input, other: g * choose(np.logical_and(input == 0, other <= 0), 0.0, np.log(other)),
    other=lambda g, input, other: g * (input / other),
)


def xlogy(input: Any, other: Any) -> Tensor:
    """`input * log(other)`, zero where `input` is."""
    result: Tensor = _xlogy.function(input, other)
    if not isinstance(input, Tensor) or not isinstance(other, Tensor):
        renamed(result, "XlogyBackward0", "XlogyBackward2" if isinstance(input, Tensor) else "XlogyBackward1")
    return result


register(np.hypot, hypot)
register(np.logaddexp, logaddexp)
register(np.logaddexp2, logaddexp2)


def _blended(input: Any, end: Any, weight: Any) -> Any:
    # From the nearer end, as PyTorch: exact at both.
    difference = end - input
    if isinstance(weight, (int, float)):
        return input + weight * difference if abs(weight) < 0.5 else end - difference * (1 - weight)
    return np.where(np.absolute(weight) < 0.5, input + weight * difference, end - difference * (1 - weight))


def _times(product: Any, value: Any) -> Any:
    return product if value.__class__ is int and value == 1 else product * value


_lerp_number = operation(
    _blended,
    name="lerp_number",
    grad_fn="LerpBackward0",
    input=lambda g, weight: g * (1 - weight),
    end=lambda g, weight: g * weight,
)
_lerp = operation(
    _blended,
    name="lerp",
    grad_fn="LerpBackward1",
    input=lambda g, weight: g * (1 - weight),
    end=lambda g, weight: g * weight,
    weight=lambda g, input, end: g * (end - input),
)
_addcmul = operation(
    lambda input, tensor1, tensor2, value: input + _times(tensor1 * tensor2, value),
    name="addcmul",
    promote="common",
    input=lambda g: g,
    tensor1=lambda g, tensor2, value: g * (tensor2 * value),
    tensor2=lambda g, tensor1, value: g * (tensor1 * value),
)
_addcdiv = operation(
    lambda input, tensor1, tensor2, value: input + _times(tensor1 / tensor2, value),
    name="addcdiv",
    promote="common",
    input=lambda g: g,
    tensor1=lambda g, tensor2, value: g * (value / tensor2),
    tensor2=lambda g, tensor1, tensor2, value: -g * (value * tensor1 / (tensor2 * tensor2)),
)


def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """`input + weight * (end - input)`. RuntimeError unless the types are one floating-point type."""
    dtype = input.dtype
    for name, each in (("end", end), ("weight", weight)):
        if isinstance(each, Tensor) and each.dtype is not dtype:
            raise RuntimeError(
                f"expected dtype {dtypes.c_name(input.dtype)} for `{name}` but got dtype {dtypes.c_name(each.dtype)}"
            )
    if dtype.kind != "f":
        kernel = "tensor" if isinstance(weight, Tensor) else "scalar"
        raise NotImplementedError(f"\"lerp_kernel_{kernel}\" not implemented for '{input.dtype.scalar_name}'")
    row = _lerp if isinstance(weight, Tensor) else _lerp_number
    return row.function(input, end, weight)


def addcmul(input: Tensor, tensor1: Any, tensor2: Any, _older: Any = None, *, value: float = 1) -> Tensor:
    """`input + value * tensor1 * tensor2`; PyTorch's older order is `addcmul(input, value, tensor1, tensor2)`."""
    if _older is not None:
        older_order("addcmul", tensor1, _older)
        value, tensor1, tensor2 = tensor1, tensor2, _older
    if not (tensor1.__class__ is tensor2.__class__ is Tensor):
        check_tensors("addcmul", input=input, tensor1=tensor1, tensor2=tensor2)
    return _addcmul.function(input, tensor1, tensor2, _whole(value, input, tensor1, tensor2))


def addcdiv(input: Tensor, tensor1: Any, tensor2: Any, _older: Any = None, *, value: float = 1) -> Tensor:
    """`input + value * tensor1 / tensor2`; PyTorch's older order is `addcdiv(input, value, tensor1, tensor2)`.

    RuntimeError where whole numbers would be divided.
    """
    if _older is not None:
        older_order("addcdiv", tensor1, _older)
        value, tensor1, tensor2 = tensor1, tensor2, _older
    if not (tensor1.__class__ is tensor2.__class__ is Tensor):
        check_tensors("addcdiv", input=input, tensor1=tensor1, tensor2=tensor2)
    if tensor1.dtype.kind != "f" and tensor2.dtype.kind != "f":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a "
            "true division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value "
            "* torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / "
            "tensor2) for float inputs. The future addcdiv behavior is just the latter implementation: (input + value "
            "* tensor1 / tensor2), for all dtypes."
        )
    return _addcdiv.function(input, tensor1, tensor2, value)


def _whole(value: float, *operands: Tensor) -> float:
    """The factor, cut to a whole number for whole numbers."""
    for each in operands:
        if each.dtype.kind == "f":
            return value
    return int(value)


def _replaced(input: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    if input.dtype.kind != "f":
        return np.copy(input)
    limits = np.finfo(input.dtype)
    return np.nan_to_num(
        input,
        nan=0.0 if nan is None else nan,
        posinf=float(limits.max) if posinf is None else posinf,
        neginf=float(limits.min) if neginf is None else neginf,
    )


_nan_to_num = operation(_replaced, name="nan_to_num", input=lambda g, input: g * np.isfinite(input))


def nan_to_num(input: Tensor, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Tensor:
    """Numbers in place of nan (0) and of the infinities (the largest and smallest of the type)."""
    return _nan_to_num.function(input, nan, posinf, neginf)


register(np.nan_to_num, lambda x, copy=True, nan=0.0, posinf=None, neginf=None: nan_to_num(x, nan, posinf, neginf))

arctan2 = atan2.function

attach(
    addcdiv,
    addcmul,
    atan2,
    copysign,
    hypot,
    lerp,
    logaddexp,
    logaddexp2,
    nan_to_num,
    xlogy,
    inplace=[addcdiv, addcmul, atan2, copysign, hypot, lerp, nan_to_num, xlogy],
    named={"arctan2": atan2, "arctan2_": inplace(atan2, "arctan2_")},
)
