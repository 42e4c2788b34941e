"""What PyTorch asks of complex numbers, of tensors that have none and of a `Spectrum`: `real`, `conj` and their kin.

rotated = view_as_real(view_as_complex(x.reshape(*x.shape[:-1], -1, 2)) * polar(ones_like(angles), angles))
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import zeros
from framework.autograd.grad_mode import mode
from framework.autograd.inplace import check_writable
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.creation_arguments import check_tensor
from framework.operations.expansion import broadcast_tensors
from framework.operations.joining import stack
from framework.operations.pointwise import cos, sin
from framework.operations.spectrum import Spectrum

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


def _itself(name: str, part: Callable[[Spectrum], Any]) -> Any:
    def function(input: Any) -> Any:
        if isinstance(input, Spectrum):
            return part(input)
        check_tensor(name, "input", 1, input)
        return input

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "The tensor itself, which is not complex; of a Spectrum what it says."
    return function


conj = _itself("conj", Spectrum.conj)
conj_physical = _itself("conj_physical", Spectrum.conj)
real = _itself("real", lambda spectrum: spectrum.real)
resolve_conj = _itself("resolve_conj", lambda spectrum: spectrum)
resolve_neg = _itself("resolve_neg", lambda spectrum: spectrum)


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


def imag(input: Any) -> Tensor:
    """The imaginary parts of a Spectrum; refused for a tensor, as in PyTorch: it is not complex."""
    if isinstance(input, Spectrum):
        return input.imag
    check_tensor("imag", "input", 1, input)
    raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")


def view_as_real(input: Any) -> Tensor:
    """Real and imaginary parts of a Spectrum in a last dimension of 2, copied; refused for a tensor, as in PyTorch."""
    if isinstance(input, Spectrum):
        return stack([input.real, input.imag], -1)
    check_tensor("view_as_real", "input", 1, input)
    raise RuntimeError("view_as_real is only supported for complex tensors")


def view_as_complex(input: Tensor) -> Spectrum:
    """The Spectrum whose real and imaginary parts are in a tensor's last dimension of 2."""
    check_tensor("view_as_complex", "input", 1, input)
    if input.dtype.kind != "f":
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: "
            f"{input.dtype.scalar_name}"
        )
    if not input.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if input.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    return Spectrum(input[..., 0], input[..., 1])


def complex(real: Tensor, imag: Tensor) -> Spectrum:
    """The Spectrum of these parts, broadcast with each other."""
    _check_parts("complex", real=real, imag=imag)
    return Spectrum(*broadcast_tensors(real, imag))


def polar(abs: Tensor, angle: Tensor) -> Spectrum:
    """The Spectrum of these absolute values and angles, broadcast with each other."""
    _check_parts("polar", abs=abs, angle=angle)
    return Spectrum(abs * cos(angle), abs * sin(angle))


def _check_parts(name: str, **parts: Tensor) -> None:
    for position, (argument, value) in enumerate(parts.items(), 1):
        check_tensor(name, argument, position, value)
    first, second = parts.values()
    kinds = [each.dtype.scalar_name for each in (first, second)]
    if any([each.dtype.kind != "f" for each in (first, second)]):
        raise RuntimeError(
            f"Expected both inputs to be Half, Float or Double tensors but got {kinds[0]} and {kinds[1]}"
        )
    if first.dtype is not second.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {kinds[0]} but got scalar type {kinds[1]} for second argument"
        )


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
