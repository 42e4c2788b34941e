"""`Size`, `device` and the other small values that describe a tensor."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple that prints as PyTorch's and knows its number of elements."""

    __slots__ = ()

    def __new__(cls, sizes: Iterable[Any] = ()) -> Size:
        return tuple.__new__(cls, _integers(sizes))

    def numel(self) -> int:
        """How many elements a tensor of this shape has."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other: Any) -> Size:
        if not isinstance(other, tuple):
            raise TypeError(f"can only concatenate tuple (not {type(other).__name__}) to torch.Size")
        return Size(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Size:
        return Size(tuple.__add__(other, self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, count: Any) -> Size:
        return Size(tuple.__mul__(self, count))

    __rmul__ = __mul__


def _integers(sizes: Iterable[Any]) -> list[int]:
    integers = list(sizes)
    for position, each in enumerate(integers):
        if each.__class__ is not int:
            try:
                integers[position] = operator.index(each)
            except TypeError:
                raise TypeError(
                    f"torch.Size() takes an iterable of 'int' (item {position} is '{type(each).__name__}')"
                ) from None
    return integers


class device:
    """Where a tensor lives. Tensors are on the CPU: another device can be named, and is refused where it is used."""

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: str | device = "cpu", index: int | None = None) -> None:
        given = str(type)
        name, colon, number = given.partition(":")
        if name != "cpu":
            check_device_name(given)
        if colon and not number.isdecimal():
            raise RuntimeError(f"Invalid device string: {given!r}")
        if index is not None:
            if number:
                raise RuntimeError(
                    f"type (string) must not include an index because index was passed explicitly: {given}"
                )
            if index < 0:
                raise RuntimeError("Device index must not be negative")
        self.type = name
        self.index = int(number) if number else index

    def __enter__(self) -> device:
        return available(self)

    def __exit__(self, *exception: object) -> None:
        """Nothing to undo: tensors are made on the CPU anyway."""

    def __repr__(self) -> str:
        return (
            f"device(type={self.type!r})" if self.index is None else f"device(type={self.type!r}, index={self.index})"
        )

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type, self.index)


def available(given: Any) -> device:
    """A device on which tensors can be: the CPU. RuntimeError for any other."""
    found = given if isinstance(given, device) else device(given)
    if found.type != "cpu":
        raise RuntimeError(
            f"device {str(given)!r} is not available: tensors live on the CPU here. Use device='cpu', or leave it out"
        )
    return found


def check_device_name(name: str) -> None:
    """Raises unless PyTorch knows a device of this name, whether it is here or not."""
    kind = name.partition(":")[0]
    if kind != "cpu" and kind not in _ELSEWHERE:
        raise RuntimeError(_refusal(name, kind))


def _refusal(given: str, name: str) -> str:
    """Why a name is that of no device."""
    if name.isdigit():
        return f"device {given!r} is not available: tensors live on the CPU here. Use device='cpu', or leave it out"
    if not name.replace("_", "").isalpha():
        return f"Invalid device string: {given!r}"
    return f"Expected one of cpu, {', '.join(_ELSEWHERE)} device type at start of device string: {name}"


_ELSEWHERE = (
    "cuda ipu xpu mkldnn opengl opencl ideep hip ve fpga maia xla lazy vulkan mps meta hpu mtia privateuseone"
).split()


class layout:
    """How a tensor's elements are stored: `strided` is the only one."""

    def __repr__(self) -> str:
        return "torch.strided"


class memory_format:
    """An order of dimensions in memory, as `contiguous` and `clone` take it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"


CPU = device()
strided = layout()
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
