"""Turn a tensor into one of another number type, and copy it: `to`, `float`, `clone`, `contiguous`.

A change of type is recorded: its gradient is cast back to the type it came from.
"""

from __future__ import annotations

from typing import Any, Literal, NoReturn

import numpy as np

from framework.autograd import Tensor, dtypes, operation
from framework.autograd.attach import attach
from framework.autograd.direct import copied, in_dtype
from framework.autograd.float_errors import quietly
from framework.autograd.grad_mode import mode
from framework.autograd.protocol import register
from framework.autograd.size import available, channels_last, channels_last_3d
from framework.autograd.size import device as Device
from framework.autograd.tensor import wrap
from framework.operations.creation_arguments import check_tensor, read_device, read_dtype
from framework.operations.layout import channels_last as channels_last_copy

__all__ = ["clone"]


@operation(name="to_copy")
def _to_copy(input: Any, dtype: Any) -> Any:
    """The values in another floating-point type."""
    return _cast_copy(input, dtype)


# The engine casts the gradient to the input's type.
_to_copy.add_derivative(lambda g: g, "input")


def cast_quietly(array: Any, dtype: np.dtype[Any]) -> Any:
    """A cast that, as PyTorch's, says nothing of values that do not fit."""
    source = array.dtype
    if source.kind == "f" and (dtype.kind != "f" or dtype.itemsize < source.itemsize):
        if dtype.kind in "iu" and dtype.itemsize < 4:
            # By way of int32, as C casts: 300.0 becomes 44 as an unsigned byte on every machine.
            array = quietly(in_dtype, array, np.int32)
        return quietly(in_dtype, array, dtype)
    return in_dtype(array, dtype)


def _cast_copy(array: Any, dtype: np.dtype[Any]) -> Any:
    """A cast copy that, as PyTorch's, keeps the order of dimensions in memory but not that of an expanded array."""
    return cast_quietly(array if 0 not in array.strides else copied(array), dtype)


def to_dtype(input: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """The tensor in a NumPy dtype: itself if it has it already."""
    array = input._array
    if array.dtype == dtype:
        return input
    if dtype.kind == "f" and array.dtype.kind == "f" and mode.recording and input.requires_grad:
        return _to_copy.function(input, dtype)
    return wrap(_cast_copy(array, dtype))


def to(
    self: Tensor,
    *args: Any,
    dtype: Any = None,
    device: Any = None,
    other: Tensor | None = None,
    non_blocking: bool = False,
    copy: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """The tensor in another type: `to(dtype)`, `to(device)`, `to(device, dtype)` or `to(other)`.

    It is the tensor itself when nothing changes and no `copy` is asked for.
    """
    if args:
        first, *rest = args
        if isinstance(first, Tensor):
            other = first
        elif first is None or isinstance(first, (str, Device)):
            device = first
            if rest:
                dtype = rest.pop(0)
        elif isinstance(first, int) and not isinstance(first, bool) and len(args) < 5:
            available(f"cuda:{first}")
        else:
            dtype = first
        if rest:
            _, *rest = rest
        if rest:
            copy, *rest = rest
        if rest:
            raise TypeError(f"to() takes from 0 to 4 positional arguments but {len(args)} were given")
    read_device(device)
    target = other._array.dtype if other is not None else read_dtype("to", dtype)
    result = self if target is None else to_dtype(self, target)
    if memory_format is channels_last or memory_format is channels_last_3d:
        result = contiguous(result, memory_format)
    if copy and result is self:
        return _to_copy.function(self, self._array.dtype)
    return result


def type_(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of the tensor's type, such as 'torch.FloatTensor'; with `dtype`, the tensor in that type."""
    if dtype is None:
        return f"torch.{self.dtype.scalar_name}Tensor"
    if isinstance(dtype, str):
        named = {f"torch.{each.scalar_name}Tensor": each for each in dtypes.ALL}
        if dtype not in named:
            raise ValueError(f"invalid type: '{dtype}'")
        dtype = named[dtype]
    elif isinstance(dtype, type) and isinstance(getattr(dtype, "dtype", None), dtypes.dtype):
        dtype = getattr(dtype, "dtype")  # noqa: B009
    elif not isinstance(dtype, (type, dtypes.dtype, np.dtype)):
        raise TypeError("dtype must be a type, str, or dtype object")
    target = read_dtype("type", dtype)
    assert target is not None
    return to_dtype(self, target)


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the type of another."""
    check_tensor("type_as", "other", 1, other)
    return to_dtype(self, other._array.dtype)


def _caster(name: str, dtype: dtypes.dtype) -> Any:
    target = dtype.dtype

    def method(self: Tensor, memory_format: Any = None) -> Tensor:
        return to_dtype(self, target)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The tensor as {dtype.name}."
    return method


def bfloat16(self: Tensor, memory_format: Any = None) -> Tensor:
    """Refused: NumPy has no such type."""
    return to_dtype(self, dtypes.bfloat16.dtype)


def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself: it lives on the CPU."""
    return self


def cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> NoReturn:
    """Refused: tensors live on the CPU."""
    raise AssertionError("Torch not compiled with CUDA enabled: tensors live on the CPU here, leave .cuda() out")


@operation(name="clone", numpy={np.copy: lambda a, order="K", subok=False: clone(a)})
def _clone(input: Any, order: Any) -> Any:
    """A copy with memory of its own."""
    return channels_last_copy(input) if order == "channels last" else copied(input, order)


_clone.add_derivative(lambda g: g, "input")


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A recorded copy with memory of its own; the order of the dimensions in memory is kept."""
    check_tensor("clone", "input", 1, input)
    if memory_format is channels_last or memory_format is channels_last_3d:
        _check_images(input, memory_format)
        return _clone.function(input, "channels last")
    return _clone.function(input, order_of(input._array, memory_format))


def _check_images(input: Tensor, memory_format: Any) -> None:
    dims = 4 if memory_format is channels_last else 5
    if input._array.ndim != dims:
        name = repr(memory_format).removeprefix("torch.")
        raise RuntimeError(f"required rank {dims} tensor to use {name} format")


def order_of(array: Any, memory_format: Any) -> Literal["K", "C"]:
    """NumPy's name for the order of the dimensions that a copy of an array is to have in memory."""
    if memory_format is None:
        return "C" if 0 in array.strides else "K"
    kept = "preserve" in repr(memory_format)
    return "K" if kept and 0 not in array.strides else "C"


def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself if its elements lie in memory one after the other, otherwise such a copy.

    With `channels_last` images lie with their channels last. RuntimeError for what are not images.
    """
    if memory_format is channels_last or memory_format is channels_last_3d:
        _check_images(self, memory_format)
        return self if self.is_contiguous(memory_format) else clone(self, memory_format=memory_format)
    return self if self._array.flags.c_contiguous else _clone.function(self, "C")


attach(
    to,
    type_as,
    bfloat16,
    cpu,
    cuda,
    clone,
    contiguous,
    named={
        "type": type_,
        "float": _caster("float", dtypes.float32),
        "double": _caster("double", dtypes.float64),
        "half": _caster("half", dtypes.float16),
        "long": _caster("long", dtypes.int64),
        "int": _caster("int", dtypes.int32),
        "short": _caster("short", dtypes.int16),
        "char": _caster("char", dtypes.int8),
        "byte": _caster("byte", dtypes.uint8),
        "bool": _caster("bool", dtypes.boolean),
    },
)


def _astype(x: Any, dtype: Any, /, *, copy: Any = True, device: Any = None) -> Any:
    result = to_dtype(x, dtypes.as_numpy(dtype))
    return clone(result) if copy and result is x else result


register(np.astype, _astype)
