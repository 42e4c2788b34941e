"""Layers that widen the last dimensions of their input: with zeros, a constant, or the input's own values."""

from __future__ import annotations

from typing import Any

from framework.autograd import Tensor
from framework.nn import functional as F
from framework.nn.module import Module
from framework.nn.own_init import OwnInit
from framework.nn.sizes import _pair, _quadruple, _sextuple

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _PadNd(OwnInit, Module):
    """Widens by `padding`: one size for every side, or one for each, those of the last dimension first."""

    padding: tuple[int, ...]
    _mode: str
    _sides: Any

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = self._sides(padding)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPadNd(_PadNd):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """Widens the last dimension with `value`."""

    _sides = staticmethod(_pair)


class ConstantPad2d(_ConstantPadNd):
    """Widens the last two dimensions with `value`."""

    _sides = staticmethod(_quadruple)


class ConstantPad3d(_ConstantPadNd):
    """Widens the last three dimensions with `value`."""

    _sides = staticmethod(_sextuple)


class _ZeroPadNd(_ConstantPadNd):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad1d(_ZeroPadNd, ConstantPad1d):
    """Widens the last dimension with zeros."""


class ZeroPad2d(_ZeroPadNd, ConstantPad2d):
    """Widens the last two dimensions with zeros."""


class ZeroPad3d(_ZeroPadNd, ConstantPad3d):
    """Widens the last three dimensions with zeros."""


class _ReflectionPadNd(_PadNd):
    _mode = "reflect"


class ReflectionPad1d(_ReflectionPadNd):
    """Widens the last dimension with its own values, mirrored at the edge."""

    _sides = staticmethod(_pair)


class ReflectionPad2d(_ReflectionPadNd):
    """Widens the last two dimensions with their own values, mirrored at the edges."""

    _sides = staticmethod(_quadruple)


class ReflectionPad3d(_ReflectionPadNd):
    """Widens the last three dimensions with their own values, mirrored at the edges."""

    _sides = staticmethod(_sextuple)


class _ReplicationPadNd(_PadNd):
    _mode = "replicate"


class ReplicationPad1d(_ReplicationPadNd):
    """Widens the last dimension with the values at its edges."""

    _sides = staticmethod(_pair)


class ReplicationPad2d(_ReplicationPadNd):
    """Widens the last two dimensions with the values at their edges."""

    _sides = staticmethod(_quadruple)


class ReplicationPad3d(_ReplicationPadNd):
    """Widens the last three dimensions with the values at their edges."""

    _sides = staticmethod(_sextuple)


class _CircularPadNd(_PadNd):
    _mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        return super().forward(input)

    def _check_input_dim(self, input: Tensor) -> None:
        unbatched = len(self.padding) // 2 + 1
        if input.dim() not in (unbatched, unbatched + 1):
            raise ValueError(f"expected {unbatched}D or {unbatched + 1}D input (got {input.dim()}D input)")


class CircularPad1d(_CircularPadNd):
    """Widens the last dimension with the values of its other end."""

    _sides = staticmethod(_pair)


class CircularPad2d(_CircularPadNd):
    """Widens the last two dimensions with the values of their other ends."""

    _sides = staticmethod(_quadruple)


class CircularPad3d(_CircularPadNd):
    """Widens the last three dimensions with the values of their other ends."""

    _sides = staticmethod(_sextuple)
