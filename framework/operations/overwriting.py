"""Overwrite a whole tensor: `copy_`, `fill_`, `zero_`, and by a function of Python's for each element, `apply_`, `map_`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd import Tensor, operation
from framework.autograd.attach import attach
from framework.autograd.direct import reshaped, zeros
from framework.autograd.errors import broadcast_error
from framework.autograd.grad_mode import mode
from framework.autograd.inplace import as_before, check_writable, inplace, refuse_overlap, write
from framework.autograd.tensor import wrap
from framework.autograd.views import refresh
from framework.operations.conversion import cast_quietly

__all__ = ["fill", "fill_", "zero_"]


def _copied(input: Any, source: Any) -> Any:
    return np.broadcast_to(source if source.dtype == input.dtype else cast_quietly(source, input.dtype), input.shape)


_copy = operation(
    _copied,
    name="copy",
    grad_fn="CopyBackwards",
    input=lambda g: zeros(g),
    source=lambda g: g,
)
_copy.node_class.name = lambda node: "torch::autograd::CopyBackwards"


def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Overwrites the tensor with the values of `src`, cast and broadcast."""
    if not isinstance(src, Tensor):
        if not isinstance(src, (bool, int, float)):
            raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}")
        src = wrap(np.array(src))
    array, values = self._array, src._array
    recording = mode.recording and array.dtype.kind == "f" and (self.requires_grad or src.requires_grad)
    check_writable(self, bool(recording))
    if self._storage is not None and src._storage is self._storage:
        refuse_overlap(self, (src,))
    if src._view is not None:
        refresh(src)
    if array.shape != values.shape:
        check_fits(values.shape, array.shape)
    if recording:
        return write(self, _copy.function(as_before(self, array), src))
    if values.dtype == array.dtype:
        np.copyto(array, values)
    elif values.dtype.kind == "f":
        np.copyto(array, cast_quietly(values, array.dtype))
    else:
        np.copyto(array, values, casting="unsafe")
    self._bump()
    return self


def check_fits(shape: tuple[int, ...], target: tuple[int, ...]) -> None:
    """Raises PyTorch's error unless a shape broadcasts to the target."""
    if len(shape) > len(target):
        error = broadcast_error([target, shape])
        raise error or RuntimeError(
            f"output with shape {list(target)} doesn't match the broadcast shape "
            f"{list(np.broadcast_shapes(shape, target))}"
        )
    error = broadcast_error([target, shape])
    if error is not None:
        raise error
    for dim, (have, want) in enumerate(zip(reversed(shape), reversed(target), strict=False)):
        if have not in (1, want):
            position = len(target) - 1 - dim
            if want == 1:
                raise RuntimeError(
                    f"output with shape {list(target)} doesn't match the broadcast shape "
                    f"{list(np.broadcast_shapes(shape, target))}"
                )
            raise RuntimeError(
                f"The size of tensor a ({want}) must match the size of tensor b ({have}) at non-singleton "
                f"dimension {position}"
            )


def _filled(input: Any, value: Any) -> Any:
    return np.full_like(input, value)


def _fill_row(name: str, grad_fn: str, differentiable_value: bool) -> Any:
    row = operation(_filled, name=name, grad_fn=grad_fn, input=lambda g: zeros(g))
    if differentiable_value:
        row.add_derivative(lambda g: np.add.reduce(g, axis=None), "value")
    return row


_fill = _fill_row("fill", "FillBackward0", False)
_fill_with = _fill_row("fill_tensor", "FillBackward1", True)
_fill_inplace = inplace(_fill_row("fill_", "FillBackward2", False))
_fill_with_inplace = inplace(_fill_row("fill_tensor_", "FillBackward3", True))


def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor of the same shape and type, every element `value`."""
    if isinstance(value, Tensor):
        _check_single(value)
        return _fill_with.function(input, value)
    return _fill.function(input, as_scalar("fill_", value, input._array.dtype))


def _check_single(value: Tensor) -> None:
    if value._array.ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value._array.ndim} dimensions."
        )


def fill_(self: Tensor, value: Any) -> Tensor:
    """Overwrites every element with `value`."""
    array = self._array
    if isinstance(value, Tensor):
        _check_single(value)
        if mode.recording and (self.requires_grad or value.requires_grad):
            return _fill_with_inplace(self, value)
        value = cast_quietly(value._array, array.dtype)
    else:
        if value.__class__ is not float or array.dtype.kind != "f" or not -6e4 < value < 6e4:
            value = as_scalar("fill_", value, array.dtype)
        if mode.recording and self.requires_grad:
            return _fill_inplace(self, value)
    check_writable(self, False, one_value=True)
    array.fill(value)
    self._bump()
    return self


def as_scalar(name: str, value: Any, dtype: np.dtype[Any]) -> Any:
    """A Python number as one of a dtype; RuntimeError in PyTorch's words when it does not fit."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, (bool, int, float)):
        raise TypeError(f"{name}(): argument 'value' must be Number, not {type(value).__name__}")
    if dtype.kind == "f":
        if not -6e4 < value < 6e4 and math.isfinite(value) and abs(value) > float(np.finfo(dtype).max):
            raise _overflow(dtype)
        return value
    if dtype.kind == "b":
        return bool(value)
    if value.__class__ is float:
        if value != value or math.isinf(value):
            raise _overflow(dtype)
        if value < 0 and dtype.kind == "u":
            raise _overflow(dtype)
        value = int(value)
    limits = np.iinfo(dtype)
    lowest = -int(limits.max) if dtype.kind == "u" else int(limits.min)
    if not lowest <= value <= int(limits.max):
        raise _overflow(dtype)
    return value % (int(limits.max) + 1) if value < 0 and dtype.kind == "u" else value


def scalar_array(name: str, value: Any, dtype: np.dtype[Any]) -> Any:
    """A Python number as an array of no dimensions of a dtype; RuntimeError when it does not fit."""
    value = as_scalar(name, value, dtype)
    if dtype.kind == "f" and not -6e4 < value < 6e4:
        with np.errstate(over="ignore"):
            return np.array(value, dtype)
    return np.array(value, dtype)


def _overflow(dtype: np.dtype[Any]) -> RuntimeError:
    names = {"int32": "int", "float32": "float", "float16": "c10::Half"}
    name = names.get(dtype.name, f"{dtype.name}_t")
    return RuntimeError(f"value cannot be converted to type {name} without overflow")


_zero = operation(lambda input: zeros(input), name="zero", input=lambda g: zeros(g))
_zero_slowly = inplace(_zero)


def zero_(self: Tensor) -> Tensor:
    """Overwrites every element with zero."""
    if mode.recording and self.requires_grad:
        return _zero_slowly(self)
    check_writable(self, False, one_value=True)
    self._array.fill(0)
    self._bump()
    return self


def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Overwrites each element with what a Python function makes of it: slow, and outside the graph."""
    return _by_element(self, "apply_", callable)


def map_(self: Tensor, other: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Overwrites each element with what a Python function makes of it and the other's, which is broadcast."""
    if not isinstance(other, Tensor):
        raise TypeError(f"map_(): argument 'other' (position 1) must be Tensor, not {type(other).__name__}")
    if other.dtype is not self.dtype:
        raise TypeError(f"map_: expected {self.type()} for 'other' (got {other.type()})")
    return _by_element(self, "map_", callable, other.expand(self.shape))


def _by_element(self: Tensor, name: str, function: Any, *others: Tensor) -> Tensor:
    if self.requires_grad or any([each.requires_grad for each in others]):
        raise RuntimeError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")
    check_writable(self, False)
    flat = [each.reshape(-1).tolist() for each in (self, *others)]
    found = np.array([function(*each) for each in zip(*flat, strict=True)])
    self._array[...] = cast_quietly(reshaped(found, self._array.shape), self._array.dtype)
    self._bump()
    return self


attach(apply_, copy_, fill_, map_, zero_)
