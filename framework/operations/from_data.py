"""Make tensors of data: Python numbers in nested lists, NumPy arrays, other tensors.

Python floats become the default floating-point type, integers int64, booleans bool; NumPy's values keep their type.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from framework.autograd import Tensor, dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import in_dtype
from framework.autograd.size import Size
from framework.autograd.storage import storage_of
from framework.autograd.tensor import wrap
from framework.operations.conversion import cast_quietly, to_dtype
from framework.operations.creation_arguments import (
    default_dtype,
    finish,
    read_device,
    read_dtype,
    read_size,
    type_name,
)
from framework.operations.once import warn_once

__all__ = ["as_tensor", "asarray", "from_numpy", "tensor"]

_MISSING: Any = object()


def tensor(
    data: Any = _MISSING,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor with a copy of the data: a number, nested lists of numbers, or an array.

    Raises ValueError for lists of unequal lengths.
    """
    if data is _MISSING:
        raise TypeError('tensor() missing 1 required positional arguments: "data"')
    if isinstance(data, Tensor):
        _advise_clone("torch.tensor(sourceTensor)")
    read_device(device)
    return finish(copy_of(data, read_dtype("tensor", dtype)), requires_grad)


def _advise_clone(call: str) -> None:
    warnings.warn(
        "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
        f"sourceTensor.detach().clone().requires_grad_(True), rather than {call}.",
        UserWarning,
        stacklevel=3,
    )


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """The data as a tensor: a tensor or an array of the right type is not copied."""
    read_device(device)
    target = read_dtype("as_tensor", dtype)
    if isinstance(data, Tensor):
        return data if target is None else to_dtype(data, target)
    if isinstance(data, np.ndarray):
        return _around(data, target)
    return wrap(copy_of(data, target))


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool | None = None
) -> Tensor:
    """The data as a tensor, sharing memory where it can; always with `copy=True`, or an error with `copy=False`.

    A tensor that is given back as it is keeps its graph, unless `requires_grad` is False.
    """
    result = as_tensor(obj, dtype, device)
    if result is obj and requires_grad is None and not copy:
        if result.requires_grad:
            warn_once(
                "torch.asarray: unspecified requires_grad now defaults to obj.requires_grad instead of False. Pass "
                "requires_grad=False explicitly to get the old behavior and silence this warning."
            )
        return result
    shared = result is obj or (isinstance(obj, np.ndarray) and np.may_share_memory(result._array, obj))
    if copy is False and not shared:
        raise ValueError(
            "can't alias the data with this type: leave copy=False out, or give an array of the right dtype"
        )
    if copy and shared:
        result = result.clone()
    if requires_grad and (not result.requires_grad or result.grad_fn is not None):
        return finish(result._array, True)
    return result.detach() if result.requires_grad and not requires_grad else result


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor around a NumPy array: they share memory."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type_name(ndarray)})")
    return _around(ndarray, None)


def _around(array: Any, target: np.dtype[Any] | None) -> Tensor:
    """A tensor that shares an array's memory where the type allows."""
    check_array(array)
    if not array.flags.writeable:
        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means "
            "writing to this tensor will result in undefined behavior. You may want to copy the array to protect its "
            "data or make it writable before converting it to a tensor. This type of warning will be suppressed for "
            "the rest of this program.",
            UserWarning,
            stacklevel=3,
        )
    array = array.view(np.ndarray)
    return wrap(array if target is None or array.dtype == target else cast_quietly(array, target))


def check_array(array: Any) -> None:
    """Raises unless a NumPy array is one that a tensor can be made of."""
    dtypes.from_numpy(array.dtype)
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte orders is "
            "currently not supported."
        )
    if any(step < 0 for step in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with "
            "array.copy().) "
        )


def copy_of(data: Any, target: np.dtype[Any] | None) -> Any:
    """A new array with the data."""
    if isinstance(data, Tensor):
        data = data._array
    if isinstance(data, np.ndarray):
        check_array(data)
        if target is None or target == data.dtype:
            return np.array(data, order="K")
        return cast_quietly(data, target)
    if isinstance(data, (list, tuple)):
        return _from_lists(data, target)
    if isinstance(data, (bool, int, float, np.generic)):
        return _from_number(data, target)
    return _from_other(data, target)


def _from_number(number: Any, target: np.dtype[Any] | None) -> Any:
    if isinstance(number, np.generic):
        dtypes.from_numpy(number.dtype)
        if target is None or target.kind == "f":
            return cast_quietly(np.asarray(number), number.dtype if target is None else target)
        number = _element(number, target)
    return _packed(number, dtypes.scalar_dtype(number) if target is None else target)


def _from_other(data: Any, target: np.dtype[Any] | None) -> Any:
    """Sequences that are no lists, and what is not data at all."""
    if isinstance(data, (str, bytes)):
        raise _no_text(data)
    if hasattr(data, "__array__"):
        return copy_of(np.array(data), target)
    if hasattr(data, "__len__") and hasattr(data, "__getitem__") and not isinstance(data, dict):
        return _from_lists(list(data), target)
    raise _no_number(type(data).__name__, target)


def _no_text(value: str | bytes) -> TypeError:
    return TypeError(f"new(): invalid data type '{type(value).__name__}'")


def _no_number(kind: str, target: np.dtype[Any] | None) -> Exception:
    """What PyTorch says of data that is no number, without and with a dtype to turn it into."""
    if target is None:
        return RuntimeError(f"Could not infer dtype of {kind}")
    if target.kind == "f":
        return TypeError(f"must be real number, not {kind}")
    return TypeError(f"'{kind}' object cannot be interpreted as an integer")


def _from_lists(data: Any, target: np.dtype[Any] | None) -> Any:
    types = _Types(target)
    types.read(data)
    found = target or types.found or default_dtype()
    if not types.plain:
        data = _plain(data, found)
    return _packed(data, found)


class _Types:
    """The types of the leaves of nested lists: `found` is where they meet, `plain` whether all are Python numbers."""

    def __init__(self, target: np.dtype[Any] | None) -> None:
        self.target = target
        self.found: np.dtype[Any] | None = None
        self.plain = True

    def meet(self, dtype: np.dtype[Any]) -> None:
        self.found = dtypes.promote(self.found, dtype)

    def read(self, data: Sequence[Any], leading: bool = True) -> None:
        """Takes the leaves of a list in; `leading` where it is the first of the first … of the whole."""
        for kind in set(map(type, data)):
            if kind is float:
                self.meet(default_dtype())
            elif kind is int:
                self.meet(dtypes.int64.dtype)
            elif kind is bool:
                self.meet(dtypes.boolean.dtype)
            elif kind is list or kind is tuple:
                for position, each in enumerate(data):
                    if type(each) is kind:
                        self.read(each, leading and not position)
            else:
                self.plain = False
                for position, each in enumerate(data):
                    if type(each) is kind:
                        self.read_other(each, leading and not position)

    def read_other(self, value: Any, leading: bool) -> None:
        if isinstance(value, (str, bytes)):
            # PyTorch finds the depth along the first elements: a text there is one dimension too many.
            if leading and isinstance(value, str):
                raise ValueError("too many dimensions 'str'")
            raise _no_text(value) if self.target is None else _no_number(type(value).__name__, self.target)
        if isinstance(value, (Tensor, np.ndarray, np.generic)):
            array = value._array if isinstance(value, Tensor) else value
            dtypes.from_numpy(array.dtype)
            self.meet(array.dtype)
        elif isinstance(value, (bool, int, float)):
            self.meet(dtypes.scalar_dtype(value))
        elif hasattr(value, "__len__") and hasattr(value, "__getitem__") and not isinstance(value, dict):
            self.read(list(value), leading)
        else:
            raise _no_number(type(value).__name__, self.target)


def _plain(data: Any, target: np.dtype[Any]) -> Any:
    """Nested lists with every tensor, array and sequence in them as numbers and lists."""
    if isinstance(data, np.ndarray):
        if data.dtype.kind == target.kind or target.kind == "f":
            return data.tolist()
        return [_plain(each, target) for each in data] if data.ndim else _element(data[()], target)
    if isinstance(data, (Tensor, bool, int, float, np.generic)):
        return _element(data, target)
    return [_plain(each, target) for each in data]


def _element(value: Any, target: np.dtype[Any]) -> Any:
    """One leaf as a Python number: for an integer type, only Python's floats are cut down to integers."""
    if isinstance(value, (bool, int, float)):
        return value
    if target.kind == "f":
        return float(value.detach() if isinstance(value, Tensor) else value)
    if isinstance(value, np.bool_) and target.kind == "b":
        return bool(value)
    return operator.index(value)


def _packed(data: Any, target: np.dtype[Any]) -> Any:
    """Numbers in nested lists as an array; a number that does not fit the type is an error in PyTorch's words."""
    try:
        if target.kind == "f":
            with np.errstate(over="ignore"):
                return np.array(data, target)
        array = np.array(data)
        if array.size == 0 or array.dtype.kind == "b" or target.kind == "b":
            return in_dtype(array, target) if array.dtype != object else np.array(data, target)
    except OverflowError:
        raise ValueError("Overflow when unpacking long long") from None
    except (ValueError, TypeError) as error:
        check_lengths(data, [], target)
        raise error
    if array.dtype.kind not in "fiu" or (array.dtype.kind == "u" and target != np.uint64):
        check_lengths(data, [], target)
        raise ValueError("Overflow when unpacking long long")
    return _within(array, target)


def _within(array: Any, target: np.dtype[Any]) -> Any:
    limits = np.iinfo(target)
    if array.dtype != target:
        # Down to minus the maximum, an unsigned type takes negative integers and wraps them.
        lowest = -int(limits.max) if target.kind == "u" and array.dtype.kind == "i" else int(limits.min)
        if not (array.min() >= lowest and array.max() <= int(limits.max)):
            raise RuntimeError(f"value cannot be converted to type {target.name} without overflow")
    return in_dtype(array, target)


def check_lengths(data: Any, shape: list[int], target: np.dtype[Any], depth: int = 0) -> None:
    """Raises PyTorch's error for nested lists that do not form an array."""
    if not shape:
        each = data
        while isinstance(each, (list, tuple)):
            shape.append(len(each))
            each = each[0] if each else None
    if depth == len(shape):
        if isinstance(data, (list, tuple)):
            raise _no_number(type(data).__name__, target)
        return
    if not isinstance(data, (list, tuple)):
        raise TypeError("not a sequence")
    if len(data) != shape[depth]:
        raise ValueError(f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})")
    for each in data:
        check_lengths(each, shape, target, depth + 1)


def _legacy(cls: type[Tensor], *data: Any, device: Any = None) -> Any:
    """`Tensor(2, 3)` and `Tensor([1, 2])`: a shape, or data, of the default type; `Tensor(tensor)` is a view."""
    return constructed(cls, data, device, None)


def constructed(cls: type[Tensor], data: tuple[Any, ...], device: Any, dtype: Any) -> Any:
    """A tensor of a class from what its constructor was given, of an element type or (None) the default one."""
    read_device(device)
    target = default_dtype() if dtype is None else dtype.dtype
    value = data[0] if len(data) == 1 else None
    if isinstance(value, Tensor):
        if dtype is not None and value.dtype is not dtype:
            raise TypeError(f"expected {_options(dtype)} (got {_options(value.dtype)})")
        if cls is Tensor:
            return value[...]
        result = wrap(value._array, cls)
        result._storage = storage_of(value)
        return result
    if isinstance(value, np.ndarray) and not value.ndim and value.dtype.kind in "iu":
        value = value.item()
        data = (value,)
    if len(data) != 1 or isinstance(value, (int, np.integer, Size)):
        if isinstance(value, bool):
            raise _no_sequence(value)
        shape = (0,) if not data else value if isinstance(value, Size) else data
        return wrap(np.empty(read_size("new", (tuple(shape),)), target), cls)
    if isinstance(value, (str, bytes)):
        raise _no_text(value)
    if isinstance(value, dict) or not (hasattr(value, "__len__") and hasattr(value, "__getitem__")):
        raise _no_sequence(value)
    return wrap(copy_of(value, target), cls)


def _options(dtype: dtypes.dtype) -> str:
    """An element type as PyTorch's message about another one has it."""
    names = {
        "float16": "c10::Half", "float32": "float", "float64": "double", "int8": "signed char",
        "int16": "short", "int32": "int", "int64": "long int", "uint8": "unsigned char", "bool": "bool",
    }  # fmt: skip
    return (
        f"TensorOptions(dtype={names.get(dtype.name, dtype.name)}, device=cpu, layout=Strided, requires_grad=false "
        "(default), pinned_memory=false (default), memory_format=(nullopt))"
    )


def _no_sequence(value: Any) -> TypeError:
    return TypeError(f"new(): data must be a sequence (got {type_name(value)})")


attach(named={"__new__": staticmethod(_legacy)})
