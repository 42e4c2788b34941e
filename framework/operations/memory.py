"""Tensors over memory laid out as asked: `empty_strided`, `empty_permuted`, `frombuffer`; and `range`."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.tensor import Tensor
from framework.operations.conversion import cast_quietly
from framework.operations.creation_arguments import (
    default_dtype,
    finish,
    read_device,
    read_dtype,
    read_number,
    read_size,
    type_name,
)

__all__ = ["empty_permuted", "empty_strided", "frombuffer", "range"]


def _integers(name: str, argument: str, position: int, value: Any) -> tuple[int, ...]:
    if not isinstance(value, (tuple, list)):
        raise TypeError(
            f"{name}(): argument '{argument}' (position {position}) must be tuple of ints, not {type_name(value)}"
        )
    return tuple([int(each) for each in value])


def empty_strided(
    size: Any,
    stride: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Uninitialised memory; a step along dimension i goes on by `stride[i]` elements."""
    _integers("empty_strided", "size", 1, size)
    size = read_size("empty_strided", (size,))
    stride = _integers("empty_strided", "stride", 2, stride)
    read_device(device)
    target = read_dtype("empty_strided", dtype) or default_dtype()
    if len(size) != len(stride):
        raise RuntimeError(
            f"dimensionality of sizes ({len(size)}) must match dimensionality of strides ({len(stride)})"
        )
    if any(each < 0 for each in stride):
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(size)} and strides={list(stride)}")
    length = 1 + sum((each - 1) * step for each, step in zip(size, stride, strict=True)) if 0 not in size else 0
    steps = tuple([step * target.itemsize for step in stride])
    memory = np.empty(max(length, 1), target)
    return finish(np.ndarray(size, target, memory, 0, steps), requires_grad)


def empty_permuted(
    size: Any,
    physical_layout: Any,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Uninitialised memory without gaps; `physical_layout` are the dimensions from the longest step to the shortest."""
    _integers("empty_permuted", "size", 1, size)
    size = read_size("empty_permuted", (size,))
    order = _integers("empty_permuted", "physical_layout", 2, physical_layout)
    if len(order) != len(size):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = "
            f"{len(size)} is not equal to len(physical_layout) = {len(order)}"
        )
    for index, dim in enumerate(order):
        if not 0 <= dim < len(size):
            raise RuntimeError(
                f"Dimension out of range (expected to be between 0 and {len(size) - 1}, but got {dim} at index "
                f"{index}).  NB: negative dims not currently supported; file an issue if you want it."
            )
        if dim in order[:index]:
            raise RuntimeError("Duplicate dim not allowed")
    stride = [1] * len(size)
    step = 1
    for dim in reversed(order):
        stride[dim] = step
        step *= max(size[dim], 1)
    return empty_strided(size, stride, dtype=dtype, device=device, requires_grad=requires_grad)


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A vector over the memory of a buffer, from byte `offset` on; a buffer that cannot be written to is copied."""
    target = read_dtype("frombuffer", dtype)
    assert target is not None
    try:
        view = memoryview(buffer)
    except TypeError:
        raise ValueError("object does not implement Python buffer protocol.") from None
    length = view.nbytes
    if length == 0 or count == 0:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({length} bytes) minus 1"
        )
    if count > 0:
        if offset + count * target.itemsize > length:
            raise ValueError(
                f"requested buffer length ({count} * {target.itemsize} bytes) after offset ({offset} bytes) must not be "
                f"greater than actual buffer length ({length} bytes)"
            )
    elif (length - offset) % target.itemsize:
        raise ValueError(
            f"buffer length ({length - offset} bytes) after offset ({offset} bytes) must be a multiple of element size "
            f"({target.itemsize})"
        )
    array = np.frombuffer(view, target, max(count, -1), offset)
    if not array.flags.writeable:
        warnings.warn(
            "The given buffer is not writable, and PyTorch does not support non-writable tensors. This means you can "
            "write to the underlying (supposedly non-writable) buffer using the tensor. You may want to copy the "
            "buffer to protect its data or make it writable before converting it to a tensor. This type of warning "
            "will be suppressed for the rest of this program.",
            UserWarning,
            stacklevel=2,
        )
        array = array.copy()
    return finish(array, requires_grad)


def range(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Numbers from `start` up to `end`, which is included: kept for old code, `arange` is the one to use."""
    if end is None:
        raise TypeError('range() missing 1 required positional arguments: "end"')
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    read_device(device)
    first = read_number("range", "start", 1, start)
    last = read_number("range", "end", 2, end)
    by = read_number("range", "step", 3, step)
    target = read_dtype("range", dtype) or (default_dtype() if out is None else out._array.dtype)
    if by == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first} -> {last}")
    if (last - first) * (1 if by > 0 else -1) < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    places = np.arange(math.floor((last - first) / by) + 1)
    values = first + by * (places.astype(np.float64) if target.kind == "f" else places)
    return finish(cast_quietly(values, target), requires_grad, out)


def _new_empty_strided(self: Tensor, size: Any, stride: Any, dtype: Any = None, **named: Any) -> Tensor:
    """`empty_strided` in the type of this tensor."""
    return empty_strided(size, stride, dtype=self.dtype if dtype is None else dtype, **named)


attach(named={"new_empty_strided": _new_empty_strided})
