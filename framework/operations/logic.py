"""Logical operations, and operations on the bits of whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.errors import no_kernel, unsupported
from framework.autograd.inplace import inplace
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.operations.operators import operator, reflected, understood

__all__ = [
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
]

logical_and = operation(np.logical_and, tensors=["input", "other"])
logical_or = operation(np.logical_or, tensors=["input", "other"])
logical_xor = operation(np.logical_xor, tensors=["input", "other"])
logical_not = operation(np.logical_not)
bitwise_and = operation(np.bitwise_and)
bitwise_or = operation(np.bitwise_or)
bitwise_xor = operation(np.bitwise_xor)
bitwise_not = operation(np.invert, name="bitwise_not")


def _shift(ufunc: Any, kernel: str) -> Any:
    def forward(input: Any, other: Any) -> Any:
        if input.dtype.kind in "bf":
            raise no_kernel(kernel, [input])
        return ufunc(input, other)

    row = operation(forward, name=f"bitwise_{ufunc.__name__}", promote="common", promoted=["input", "other"])
    register(ufunc, row)
    return row


bitwise_left_shift = _shift(np.left_shift, "lshift")
bitwise_right_shift = _shift(np.right_shift, "rshift")


def _refusal(name: str) -> Any:
    return lambda values: no_kernel(name, values)


for _name in ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not"):
    unsupported[_name] = _refusal(_name)


def _invert(self: Any) -> Any:
    if self._array.dtype.kind == "f":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return bitwise_not.function(self)


attach(
    bitwise_and,
    bitwise_left_shift,
    bitwise_not,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    inplace=[
        bitwise_and,
        bitwise_left_shift,
        bitwise_not,
        bitwise_or,
        bitwise_right_shift,
        bitwise_xor,
        logical_and,
        logical_not,
        logical_or,
        logical_xor,
    ],
    named={
        "__and__": operator(bitwise_and),
        "__iand__": understood(inplace(bitwise_and)),
        "__ilshift__": understood(inplace(bitwise_left_shift)),
        "__invert__": _invert,
        "__ior__": understood(inplace(bitwise_or)),
        "__irshift__": understood(inplace(bitwise_right_shift)),
        "__ixor__": understood(inplace(bitwise_xor)),
        "__lshift__": operator(bitwise_left_shift),
        "__or__": operator(bitwise_or),
        "__rand__": understood(bitwise_and.function),
        "__rlshift__": reflected(bitwise_left_shift.function),
        "__ror__": understood(bitwise_or.function),
        "__rrshift__": reflected(bitwise_right_shift.function),
        "__rshift__": operator(bitwise_right_shift),
        "__rxor__": understood(bitwise_xor.function),
        "__xor__": operator(bitwise_xor),
    },
)
