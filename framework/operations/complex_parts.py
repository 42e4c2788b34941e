"""What PyTorch asks of complex numbers, for tensors that have none: `real`, `conj`, `angle` and their kin."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import zeros
from framework.autograd.grad_mode import mode
from framework.autograd.inplace import check_writable
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.creation_arguments import check_tensor

__all__ = [
    "angle",
    "complex",
    "conj",
    "conj_physical",
    "imag",
    "is_conj",
    "is_neg",
    "is_signed",
    "polar",
    "real",
    "resolve_conj",
    "resolve_neg",
    "view_as_complex",
    "view_as_real",
]


def _itself(name: str) -> Any:
    def function(input: Tensor) -> Tensor:
        check_tensor(name, "input", 1, input)
        return input

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "The tensor itself: it is not complex."
    return function


conj = _itself("conj")
conj_physical = _itself("conj_physical")
real = _itself("real")
resolve_conj = _itself("resolve_conj")
resolve_neg = _itself("resolve_neg")


def conj_physical_(self: Tensor) -> Tensor:
    """The tensor itself, which must be one that may be written to."""
    check_writable(self, bool(mode.recording and self.requires_grad))
    return self


def _no(name: str) -> Any:
    def function(input: Tensor) -> bool:
        check_tensor(name, "input", 1, input)
        return False

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "False: a tensor keeps its numbers as they are."
    return function


is_conj = _no("is_conj")
is_neg = _no("is_neg")


def is_signed(input: Tensor) -> bool:
    """Whether the tensor's type has negative numbers."""
    check_tensor("is_signed", "input", 1, input)
    return input.dtype.is_signed


def imag(input: Tensor) -> NoReturn:
    """Refused, as in PyTorch: the tensor is not complex."""
    check_tensor("imag", "input", 1, input)
    raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")


def view_as_real(input: Tensor) -> NoReturn:
    """Refused, as in PyTorch: the tensor is not complex."""
    check_tensor("view_as_real", "input", 1, input)
    raise RuntimeError("view_as_real is only supported for complex tensors")


def _refused(name: str) -> Any:
    def function(*args: Any, **named: Any) -> NoReturn:
        raise NotImplementedError(
            f"{name}() would make a complex tensor, and there are none here. Keep the real and the imaginary part as "
            "two real tensors"
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Refused: there are no complex tensors."
    return function


complex = _refused("complex")
polar = _refused("polar")
view_as_complex = _refused("view_as_complex")


def _angle(input: Any) -> Any:
    value = np.where(input < 0, np.asarray(math.pi, input.dtype), np.asarray(0, input.dtype))
    return np.where(input == input, value, input)


angle = operation(_angle, name="angle", promote="float", input=lambda g: zeros(g))

attach(
    angle,
    conj,
    conj_physical,
    conj_physical_,
    is_conj,
    is_neg,
    resolve_conj,
    resolve_neg,
    named={"imag": property(imag), "real": property(real)},
)
