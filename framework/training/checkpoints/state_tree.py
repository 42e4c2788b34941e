"""Lets a state be written as JSON and named arrays, and come back exactly as it was.

A state is a tree: dicts, lists, tuples, sets and deques of numbers, text, bytes, paths, NumPy arrays and Tensors.

    json_value, arrays = pack({"step": 3, "best": math.inf, 7: np.zeros(4)})
    unpack(json_value, arrays)

What JSON has no form for is a JSON object with one key that starts with "$": a tuple is {"$tuple": […]}, an infinity
{"$float": "inf"}, an array {"$array": [name, axes]}. `axes` says in which order of its axes the array lies in memory;
it is stored that way, so that a transposed gradient comes back transposed, and products with it keep their last bits.
"""

from __future__ import annotations

import base64
import math
import re
import struct
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from framework.autograd import Size, Tensor, device, dtypes
from framework.autograd.tensor import wrap
from framework.errors import UserError

__all__ = ["in_layout", "layout", "pack", "unpack"]

_DEEPEST = 100  # JSON is read and written by recursion
_LONGEST = 2000  # bits: Python refuses to read or write longer integers as decimals
_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]")
_KINDS = "?biufcmMSU"
"""Letters of the types of arrays that are numbers, truth values, times and text: neither objects nor records."""


def pack(tree: Any, place: str = "state") -> tuple[Any, dict[str, np.ndarray]]:
    """A state as a JSON value, and the arrays in it by name: not copied where they are dense.

    An array or Tensor that the state holds twice is stored once. UserError, naming the place in the tree (which is
    called `place`), when something in it cannot be kept.
    """
    packer = _Packer(place)
    return packer.pack(tree, ()), packer.arrays


def unpack(json_value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The state that `pack` was given; the arrays become part of it. ValueError when it is none that `pack` made."""
    return _Unpacker(arrays).unpack(json_value)


def layout(array: np.ndarray) -> list[int]:
    """The axes, outermost first, in the order in which the elements lie in memory."""
    if array.flags.c_contiguous and 1 not in array.shape:
        return list(range(array.ndim))
    # An axis of length 1 has any stride: behind its equals, it is where a new array would have it.
    return sorted(range(array.ndim), key=lambda axis: (-abs(array.strides[axis]), array.shape[axis] == 1))


def in_layout(ordered: np.ndarray, axes: list[int]) -> np.ndarray:
    """The array whose elements lie in memory as those of `ordered` do, which is the array transposed to `axes`."""
    if axes == sorted(axes):
        return ordered
    array = ordered.transpose(np.argsort(axes))
    owner = array.copy(order="K")
    # Axes of length 1 may have strides that no array of its own memory has; a product can depend on them.
    return owner if owner.strides == array.strides else array


class _Packer:
    def __init__(self, place: str) -> None:
        self.place = place
        self.arrays: dict[str, np.ndarray] = {}
        # With the objects, so that no other gets the same id.
        self._packed: dict[int, tuple[Any, list[Any]]] = {}
        self._tensors: dict[int, int] = {}

    def pack(self, value: Any, path: tuple[Any, ...]) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            return value
        if len(path) > _DEEPEST:
            raise UserError(f"{self._where(path[:3])}… holds itself, or is nested more than {_DEEPEST} deep.")
        writer = _WRITERS.get(kind)
        if writer is not None:
            return writer(self, value, path)
        if isinstance(value, np.generic) and value.dtype.kind in _KINDS:
            return {"$scalar": [value.dtype.str, value.tobytes().hex()]}
        if isinstance(value, np.dtype) and value.kind in _KINDS:
            return {"$numpy.dtype": value.str}
        if isinstance(value, Tensor):
            return self._tensor(value, path)
        if isinstance(value, Path):
            return {"$path": self.pack(str(value), path)}
        raise self._refused(value, path)

    def _refused(self, value: Any, path: tuple[Any, ...]) -> UserError:
        kind = type(value)
        name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
        advice = " Keep its state_dict() instead." if hasattr(value, "state_dict") else ""
        return UserError(
            f"{self._where(path)} is of the type {name}, which a checkpoint cannot hold: it holds numbers, text, bytes, "
            f"paths, arrays and Tensors, in dicts, lists, tuples, sets and deques.{advice}"
        )

    def _where(self, path: tuple[Any, ...]) -> str:
        return self.place + "".join([f"[{each!r}]" for each in path])

    def integer(self, value: int, path: Any) -> Any:
        return value if value.bit_length() <= _LONGEST else {"$int": hex(value)}

    def float(self, value: float, path: Any) -> Any:
        if math.isfinite(value):
            return value
        return {"$float": repr(value) if math.isinf(value) else struct.pack(">d", value).hex()}

    def text(self, value: str, path: Any) -> Any:
        if value.isascii() or not any(["\ud800" <= each <= "\udfff" for each in value]):
            return value
        return {"$str": value.encode("utf-8", "surrogatepass").hex()}

    def items(self, values: Iterable[Any], path: tuple[Any, ...]) -> list[Any]:
        values = list(values)
        kinds = set(map(type, values))
        # Orders of the data are long lists of small integers.
        if kinds == {int} and max(map(int.bit_length, values)) <= _LONGEST:
            return values
        if kinds == {float} and all(map(math.isfinite, values)):
            return values
        return [self.pack(value, (*path, place)) for place, value in enumerate(values)]

    def pairs(self, value: Mapping[Any, Any], path: tuple[Any, ...]) -> list[Any]:
        return [[self.pack(key, (*path, key)), self.pack(each, (*path, key))] for key, each in value.items()]

    def mapping(self, value: Mapping[Any, Any], path: tuple[Any, ...]) -> Any:
        if all([type(key) is str and key[:1] != "$" and self.text(key, path) is key for key in value]):
            return {key: self.pack(each, (*path, key)) for key, each in value.items()}
        return {"$dict": self.pairs(value, path)}

    def deque(self, value: deque[Any], path: tuple[Any, ...]) -> Any:
        return {"$deque": [self.items(value, path), value.maxlen]}

    def array(self, value: np.ndarray, path: tuple[Any, ...]) -> Any:
        return {"$array": self._stored(value, path)}

    def _tensor(self, value: Tensor, path: tuple[Any, ...]) -> Any:
        from framework.nn import Parameter

        if type(value) not in (Tensor, Parameter):
            raise self._refused(value, path)
        number = self._tensors.setdefault(id(value), len(self._tensors))
        kind = "parameter" if type(value) is Parameter else "tensor"
        return {"$tensor": [*self._stored(value.detach().numpy(), path), number, kind, value.requires_grad]}

    def _stored(self, array: np.ndarray, path: tuple[Any, ...]) -> list[Any]:
        if id(array) in self._packed:
            return self._packed[id(array)][1]
        if array.dtype.kind not in _KINDS:
            raise UserError(
                f"{self._where(path)} is an array of the type {array.dtype}, which a checkpoint cannot hold: it holds "
                "arrays of numbers, times and text. Keep each field, or each object's own numbers, as an array."
            )
        axes = layout(array)
        ordered = array.transpose(axes)
        if not ordered.flags.c_contiguous:
            ordered = ordered.copy(order="C")
        name = self._name(path)
        self.arrays[name] = ordered
        self._packed[id(array)] = array, [name, axes]
        return [name, axes]

    def _name(self, path: tuple[Any, ...]) -> str:
        """A name that tells people where the array is from."""
        parts = [_UNUSUAL.sub("_", str(part)[:80]) for part in path]
        base = name = "/".join(parts)[-200:].strip("/") or "array"
        number = 1
        while name in self.arrays:
            number += 1
            name = f"{base}~{number}"
        return name


def _tagged(tag: str, inner: Callable[..., Any]) -> Callable[..., Any]:
    return lambda packer, value, path: {tag: inner(packer, value, path)}


def _as_base64(packer: _Packer, value: bytes, path: Any) -> str:
    return base64.b64encode(value).decode()


_WRITERS: dict[type, Callable[..., Any]] = {
    int: _Packer.integer,
    float: _Packer.float,
    str: _Packer.text,
    list: _Packer.items,
    dict: _Packer.mapping,
    # What makes the missing values of a defaultdict is code.
    defaultdict: _Packer.mapping,
    OrderedDict: _tagged("$OrderedDict", _Packer.pairs),
    Counter: _tagged("$Counter", _Packer.pairs),
    tuple: _tagged("$tuple", _Packer.items),
    Size: _tagged("$Size", _Packer.items),
    set: _tagged("$set", _Packer.items),
    frozenset: _tagged("$frozenset", _Packer.items),
    deque: _Packer.deque,
    range: lambda packer, value, path: {"$range": packer.items((value.start, value.stop, value.step), path)},
    complex: lambda packer, value, path: {"$complex": packer.items((value.real, value.imag), path)},
    bytes: _tagged("$bytes", _as_base64),
    bytearray: _tagged("$bytearray", _as_base64),
    np.ndarray: _Packer.array,
    np.str_: lambda packer, value, path: {"$numpy.str": packer.text(str(value), path)},
    np.bytes_: _tagged("$numpy.bytes", _as_base64),
    dtypes.dtype: lambda packer, value, path: {"$dtype": value.name},
    device: lambda packer, value, path: {"$device": str(value)},
}


class _Unpacker:
    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._stored = arrays
        self._arrays: dict[str, np.ndarray] = {}
        self._tensors: dict[int, Tensor] = {}

    def unpack(self, value: Any) -> Any:
        kind = type(value)
        if kind is list:
            kinds = set(map(type, value))
            return value if not kinds & {list, dict} else [self.unpack(each) for each in value]
        if kind is not dict:
            return value
        if len(value) == 1:
            ((key, inner),) = value.items()
            if key[:1] == "$":
                if key not in _READERS:
                    raise ValueError(f"nothing is known of {key!r}")
                return _READERS[key](self, inner)
        return {key: self.unpack(each) for key, each in value.items()}

    def pairs(self, inner: Any) -> dict[Any, Any]:
        return {self.unpack(key): self.unpack(value) for key, value in inner}

    def array(self, inner: Any) -> np.ndarray:
        name, axes = inner
        if name not in self._arrays:
            if name not in self._stored:
                raise ValueError(f"the array {name!r} is missing")
            if sorted(axes) != list(range(self._stored[name].ndim)):
                raise ValueError(f"the array {name!r} has other axes")
            self._arrays[name] = in_layout(self._stored[name], axes)
        return self._arrays[name]

    def tensor(self, inner: Any) -> Tensor:
        from framework.nn import Parameter

        name, axes, number, kind, requires_grad = inner
        if number not in self._tensors:
            tensor = wrap(self.array([name, axes]), Parameter if kind == "parameter" else Tensor)
            self._tensors[number] = tensor.requires_grad_(requires_grad)
        return self._tensors[number]


def _float(unpacker: _Unpacker, inner: str) -> float:
    return float(inner) if inner.endswith("inf") else struct.unpack(">d", bytes.fromhex(inner))[0]


def _scalar(unpacker: _Unpacker, inner: Any) -> Any:
    kind, data = inner
    return np.frombuffer(bytes.fromhex(data), _numpy_dtype(kind))[0]


def _numpy_dtype(name: str) -> np.dtype[Any]:
    kind = np.dtype(name)
    if kind.kind not in _KINDS:
        raise ValueError(f"{name!r} is no type of numbers")
    return kind


def _of(make: Callable[..., Any]) -> Callable[..., Any]:
    return lambda unpacker, inner: make(unpacker.unpack(inner))


def _from_base64(make: Callable[..., Any]) -> Callable[..., Any]:
    return lambda unpacker, inner: make(base64.b64decode(inner, validate=True))


_READERS: dict[str, Callable[..., Any]] = {
    "$int": lambda unpacker, inner: int(inner, 16),
    "$float": _float,
    "$str": lambda unpacker, inner: bytes.fromhex(inner).decode("utf-8", "surrogatepass"),
    "$dict": _Unpacker.pairs,
    "$OrderedDict": lambda unpacker, inner: OrderedDict(unpacker.pairs(inner)),
    "$Counter": lambda unpacker, inner: Counter(unpacker.pairs(inner)),
    "$tuple": _of(tuple),
    "$Size": _of(Size),
    "$set": _of(set),
    "$frozenset": _of(frozenset),
    "$deque": lambda unpacker, inner: deque(unpacker.unpack(inner[0]), inner[1]),
    "$range": lambda unpacker, inner: range(*unpacker.unpack(inner)),
    "$complex": lambda unpacker, inner: complex(*unpacker.unpack(inner)),
    "$bytes": _from_base64(bytes),
    "$bytearray": _from_base64(bytearray),
    "$path": _of(Path),
    "$array": _Unpacker.array,
    "$tensor": _Unpacker.tensor,
    "$scalar": _scalar,
    "$numpy.str": _of(np.str_),
    "$numpy.bytes": _from_base64(np.bytes_),
    "$numpy.dtype": lambda unpacker, inner: _numpy_dtype(inner),
    "$dtype": lambda unpacker, inner: dtypes.from_numpy(_numpy_dtype(inner)),
    "$device": lambda unpacker, inner: device(inner),
}
