"""Windows on a tensor's memory by sizes and steps: `as_strided`, and what is written through such a window."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from framework.autograd import views
from framework.autograd.attach import attach
from framework.autograd.direct import in_dtype, reshaped
from framework.autograd.grad_mode import mode
from framework.autograd.memory import (
    Geometry,
    capacity,
    geometry_of,
    overlaps,
    owner_of,
    positions,
    reach_of,
    start_of,
    window,
)
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.conversion import cast_quietly
from framework.operations.creation_arguments import check_tensor, type_name
from framework.operations.inplace_views import inplace_view
from framework.operations.overwriting import fill_

__all__ = ["as_strided", "as_strided_scatter"]


@operation()
def _restride(values: Any, source: Any, target: Any, shared: Any) -> Any:
    """Lays values at the places of one geometry, where they add up, and reads those of another.

    A place that `shared` names several times gives each of them an equal part.
    """
    if type(values) is not np.ndarray and mode.trace is not None:
        return mode.trace.call(_restride.forward, (values, source, target, shared), {})
    first = min(source[2], target[2], shared[2])
    source, target, shared = [(shape, steps, start - first) for shape, steps, start in (source, target, shared)]
    memory = np.zeros(max(reach_of(source), reach_of(target), reach_of(shared)), values.dtype)
    if overlaps(source):
        np.add.at(memory, positions(source), values)
    else:
        window(memory, source)[...] = values
    if overlaps(shared):
        times = np.bincount(reshaped(positions(shared), -1), minlength=memory.size)
        memory /= in_dtype(np.maximum(times, 1), memory.dtype)
    return np.copy(window(memory, target), order="C")


_restride.add_derivative(lambda g, source, target, shared: _restride(g, target, source, shared), "values")


@operation(view=True)
def _as_strided(input: Any, wanted: Any, own: Any) -> Any:
    """A window on the memory of `input`, whose own elements lie at `own`: starts count from its first element."""
    if 0 in wanted[0]:
        wanted = (*wanted[:2], 0)
    if type(input) is not np.ndarray and mode.trace is not None:
        if not _is_within(wanted, own):
            mode.trace.stop("as_strided beyond the tensor's own elements")
        return mode.trace.call(_as_strided.forward, (input, wanted, own), {})
    itemsize = input.itemsize
    if tuple([step // itemsize for step in input.strides]) == own[1]:
        within = _is_within(wanted, own)
        if within and input.flags.c_contiguous:
            steps = tuple([step * itemsize for step in wanted[1]])
            return np.ndarray(wanted[0], input.dtype, input, wanted[2] * itemsize, steps)
        start = start_of(input) + wanted[2]
        moved = (wanted[0], wanted[1], start)
        if within or (start >= 0 and reach_of(moved) <= capacity(input)):
            return window(input, moved)
    # A gradient, which lies otherwise in a memory of its own.
    return _restride(input, own, wanted, own)


_as_strided.add_derivative(lambda g, wanted, own: _restride(g, wanted, own, own), "input")


def _window_step(array: Any, part: Any) -> views.Step:
    """The step from an array to another that shows part of the same memory."""
    shape, strides, start = geometry_of(array)
    wanted = geometry_of(part)
    if owner_of(array) is not owner_of(part) or array.dtype != part.dtype:
        raise RuntimeError(
            "a tensor was given other data in place after a view of it was made, so the gradient of that view can no "
            "longer be placed in it. Make the view again from the changed tensor"
        )
    return _as_strided, ((*wanted[:2], wanted[2] - start), (shape, strides, 0)), None


views.window_step = _window_step


def _is_within(wanted: Geometry, own: Geometry) -> bool:
    return wanted[2] >= 0 and reach_of(wanted) <= reach_of(own)


@operation()
def _as_strided_scatter(input: Any, src: Any, wanted: Any, own: Any) -> Any:
    if type(input) is not np.ndarray and mode.trace is not None:
        return mode.trace.call(_as_strided_scatter.forward, (input, src, wanted, own), {})
    first = min(wanted[2], 0)
    memory = np.empty(max(reach_of(wanted), reach_of(own)) - first, input.dtype)
    out = window(memory, (*own[:2], -first))
    out[...] = input
    window(memory, (*wanted[:2], wanted[2] - first))[...] = cast_quietly(src, input.dtype)
    return out


@_as_strided_scatter.derivative("input")
def _(g: Any, wanted: Any, own: Any) -> Any:
    return np.where(_restride.forward(np.ones(wanted[0]), wanted, own, own) == 0.0, g, 0.0)


_as_strided_scatter.add_derivative(lambda g, wanted, own: _restride(g, own, wanted, own), "src")


def _ints(value: Any, argument: str, position: int) -> tuple[int, ...]:
    if value.__class__ is tuple and all([each.__class__ is int for each in value]):
        return value
    if not isinstance(value, (tuple, list)):
        raise TypeError(
            f"as_strided(): argument '{argument}' (position {position}) must be tuple of ints, not {type_name(value)}"
        )
    found = []
    for place, each in enumerate(value):
        try:
            found.append(operator.index(each))
        except TypeError:
            raise TypeError(
                f"as_strided(): argument '{argument}' (position {position}) must be tuple of ints, but found element "
                f"of type {type_name(each)} at pos {place}"
            ) from None
    return tuple(found)


def _geometry(input: Any, size: Any, stride: Any, storage_offset: Any) -> tuple[Geometry, Geometry]:
    """The geometry asked for, checked against the memory there is, and the tensor's own."""
    check_tensor("as_strided", "input", 1, input)
    shape, strides = _ints(size, "size", 2), _ints(stride, "stride", 3)
    if storage_offset is not None and (isinstance(storage_offset, bool) or not hasattr(storage_offset, "__index__")):
        raise TypeError(
            f"as_strided(): argument 'storage_offset' (position 3) must be int, not {type_name(storage_offset)}"
        )
    array = input._array
    own = (array.shape, input.stride(), 0)
    sound = len(shape) == len(strides) and min((0, *shape, *strides)) == 0
    if storage_offset is None and not (sound and _is_within((shape, strides, 0), own)):
        storage_offset = input.storage_offset()
    if storage_offset is None:
        return (shape, strides, 0), own
    start = operator.index(storage_offset)
    wanted = (shape, strides, start - start_of(array))
    if not (sound and _is_within(wanted, own)):
        check_window(array, (shape, strides, start))
    return wanted, own


def check_window(array: Any, wanted: Geometry) -> None:
    """Raises PyTorch's error for a geometry that the memory behind an array does not hold."""
    shape, strides, start = wanted
    if len(shape) != len(strides):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(each < 0 for each in shape):
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)} and strides={list(strides)}")
    if any(each < 0 for each in strides):
        raise RuntimeError(
            f"as_strided: Negative strides are not supported at the moment, got strides: {list(strides)}"
        )
    if start < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {start}")
    size = array.itemsize
    held = capacity(array) * size
    if reach_of(wanted) * size > held:
        raise RuntimeError(
            f"setStorage: sizes {list(shape)}, strides {list(strides)}, storage offset {start}, and itemsize {size} "
            f"requiring a storage size of {reach_of(wanted) * size} are out of bounds for storage of size {held}"
        )


def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """A view of the tensor's memory by sizes and steps, from an offset on: all in elements of the memory as a whole."""
    return _as_strided.function(input, *_geometry(input, size, stride, storage_offset))


def as_strided_scatter(input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """A copy of the tensor in which `src` takes the place of `as_strided(input, size, stride, storage_offset)`."""
    check_tensor("as_strided_scatter", "src", 2, src)
    wanted, own = _geometry(input, size, stride, storage_offset)
    if src._array.shape != wanted[0]:
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. "
            f"src size = {list(src._array.shape)}, slice size = {list(wanted[0])}"
        )
    return _as_strided_scatter.function(input, src, wanted, own)


def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Overwrites the main diagonal with a number; with `wrap`, a tall matrix has another one below each."""
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    if not isinstance(fill_value, (bool, int, float)):
        raise TypeError(
            f"fill_diagonal_(): argument 'fill_value' (position 1) must be Number, not {type_name(fill_value)}"
        )
    shape, strides = self._array.shape, self.stride()
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    height, width = shape[:2]
    parts = [(self, min(shape))]
    if wrap and len(shape) == 2 and height > width + 1:
        parts.append((self[width + 1 :], -(-height * width // (width + 1)) - width))
    for tensor, count in parts:
        fill_(
            _as_strided.function(tensor, ((count,), (sum(strides),), 0), (tensor._array.shape, strides, 0)), fill_value
        )
    return self


attach(
    as_strided,
    as_strided_scatter,
    fill_diagonal_,
    named={"as_strided_": inplace_view(as_strided)},
)
